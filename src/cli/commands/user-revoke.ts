import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readAuthority, readRevocations, writeRevocations } from '../../ca/index.ts';
import { refreshTrust } from '../../daemon/index.ts';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { formatOneline } from '../../x509/index.ts';
import { readChain } from './account.ts';
import type { Command } from './command.ts';
import { stateUser, stateUsers } from './place.ts';
import { checkUserName, requireState } from './user-add.ts';

/** `latchkey user revoke NAME`: onto the revocation list, and out of the users' folder. */
export const userRevoke: Command = async (invocation) => {
  const name = checkUserName(invocation.given.argument(0));
  const state = await requireState(invocation);
  const authority = await readAuthority(state.authority);
  const known = await stateUsers(state);
  if (authority === undefined || !known.some((user) => user.name === name)) {
    throw new LatchkeyError('repository/not-found', `there is no user ${quote(name)} here`, {
      hint:
        known.length === 0
          ? 'it knows nobody yet; latchkey user add NAME'
          : `this state knows ${known.map((user) => user.name).join(', ')}`,
    });
  }
  const user = stateUser(state, name);
  const [certificate] = await readChain(user.certificate);
  if (certificate === undefined)
    throw new LatchkeyError('x509/malformed', `${quote(user.certificate)} holds no certificate`);
  const now = invocation.context.now();
  const revoked = await readRevocations(state.authority);
  if (!revoked.some((entry) => entry.serialNumber === certificate.serialNumber)) {
    await writeRevocations(state.authority, [
      ...revoked,
      { serialNumber: certificate.serialNumber, date: now },
    ]);
  }
  await refreshTrust(state, authority, now, { force: true });
  const archive = join(state.users, '.revoked');
  await mkdir(archive, { recursive: true, mode: 0o700 });
  const kept = join(archive, `${name}-${certificate.serialNumber.toString(16)}`);
  await rename(dirname(user.certificate), kept);
  return {
    json: {
      user: name,
      subject: formatOneline(certificate.subject),
      serialNumber: certificate.serialNumber.toString(16),
      kept,
    },
    lines: [
      `the certificate of ${name} is revoked; it is kept in ${kept}`,
      'within half a minute a running server knows it, and no longer gives out what was stored with it',
    ],
  };
};
