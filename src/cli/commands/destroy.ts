import { accountOf, openIdentity, ownFiles } from './account.ts';
import type { Command } from './command.ts';
import { findPlace, requireServer } from './place.ts';
import { explained } from './refusal.ts';
import { clientFor } from './session.ts';

/** `latchkey destroy`: removes a stored credential. */
export const destroy: Command = async (invocation) => {
  const { given } = invocation;
  const place = await findPlace(invocation);
  requireServer(place);
  const username = await accountOf(invocation, place);
  const identity = await openIdentity(invocation, await ownFiles(invocation, place));
  const credname = given.text('credential');
  const server = await explained(
    { username, credential: credname },
    clientFor(invocation, place, identity).destroy({ username, credname }),
  );
  const which = credname === undefined ? 'the credential' : `the credential "${credname}"`;
  return {
    json: {
      username,
      credential: credname ?? null,
      destroyed: true,
      server: { host: server.host, port: server.port, dn: server.dn },
    },
    lines: [`${which} of "${username}" is gone from ${server.host}:${server.port}`],
  };
};
