import { accountOf, openIdentity, ownFiles } from './account.ts';
import type { Command } from './command.ts';
import { findPlace, requireServer } from './place.ts';
import { explained } from './refusal.ts';
import { askMyProxyPassPhrase, askNewMyProxyPassPhrase } from './secrets.ts';
import { clientFor } from './session.ts';

/** `latchkey passwd`: another pass phrase for a stored credential. */
export const passwd: Command = async (invocation) => {
  const { given } = invocation;
  const place = await findPlace(invocation);
  requireServer(place);
  const username = await accountOf(invocation, place);
  const identity = await openIdentity(invocation, await ownFiles(invocation, place));
  // Both are asked for before connecting: a person who hesitates would run into the server's time-out.
  const passphrase = await askMyProxyPassPhrase(invocation, username);
  const newPassphrase = await askNewMyProxyPassPhrase(invocation, username, 'new-pass-phrase-file');
  const credname = given.text('credential');
  const changing = clientFor(invocation, place, identity).changePassphrase({
    username,
    credname,
    passphrase,
    newPassphrase,
  });
  const server = await explained({ username, credential: credname }, changing);
  return {
    json: {
      username,
      credential: credname ?? null,
      changed: true,
      server: { host: server.host, port: server.port, dn: server.dn },
    },
    lines: [`the pass phrase of "${username}" on ${server.host}:${server.port} is changed`],
  };
};
