import { access } from 'node:fs/promises';
import { LatchkeyError, quote, writeFileAtomic } from '../../kit/index.ts';
import { accountOf, openIdentity, ownFiles } from './account.ts';
import type { Command } from './command.ts';
import { findPlace, requireServer } from './place.ts';
import { explained } from './refusal.ts';
import { askMyProxyPassPhrase } from './secrets.ts';
import { clientFor } from './session.ts';

/** `latchkey retrieve`: certificate and key as they were stored, into two files that must not exist yet. */
export const retrieve: Command = async (invocation) => {
  const { given } = invocation;
  const certificateFile = given.text('out-cert') ?? 'usercert.pem';
  const keyFile = given.text('out-key') ?? 'userkey.pem';
  for (const file of [certificateFile, keyFile]) await refuseExisting(file);
  const place = await findPlace(invocation);
  requireServer(place);
  const username = await accountOf(invocation, place);
  const identity = await openIdentity(invocation, await ownFiles(invocation, place));
  const retrieving = clientFor(invocation, place, identity).retrieve({
    username,
    credname: given.text('credential'),
    updateTrustRoots: given.flag('trust-roots') && place.state === undefined,
    ...(given.flag('no-pass-phrase') ? {} : { passphrase: () => askMyProxyPassPhrase(invocation, username) }),
  });
  const result = await explained({ username, credential: given.text('credential') }, retrieving);
  await writeFileAtomic(keyFile, result.keyPem.reveal(), 0o600);
  await writeFileAtomic(certificateFile, result.certificatesPem, 0o644);
  return {
    json: {
      username,
      certificateFile,
      keyFile,
      server: { host: result.server.host, port: result.server.port, dn: result.server.dn },
    },
    lines: [
      `certificate and key of "${username}" are in ${certificateFile} and ${keyFile}`,
      'the key is encrypted with the pass phrase it was stored with, if it had one',
    ],
  };
};

async function refuseExisting(file: string): Promise<void> {
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  throw new LatchkeyError('file/unsafe', `${quote(file)} exists already, and a key is never overwritten`, {
    hint: 'move it away, or name other files with --out-cert and --out-key',
  });
}
