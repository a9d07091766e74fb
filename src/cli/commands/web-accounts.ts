import { openAccountFile } from '../../daemon/index.ts';
import { LatchkeyError, quote } from '../../kit/index.ts';
import type { Command, Invocation } from './command.ts';
import { findCredmon } from './credmon-place.ts';
import { tableLines } from './facts.ts';

/** `latchkey web accounts`: which account each local user has logged in with. */
export const webAccounts: Command = async (invocation) => {
  const accounts = [...(await (await accountsOf(invocation)).list())].sort((a, b) =>
    a.localUser < b.localUser ? -1 : 1,
  );
  return {
    json: { accounts },
    lines:
      accounts.length === 0
        ? ['nobody has logged in yet']
        : tableLines(
            ['USER', 'PROVIDER', 'ACCOUNT', 'ISSUER'],
            accounts.map(({ localUser, provider, subject, issuer }) => [
              localUser,
              provider,
              subject,
              issuer,
            ]),
          ),
  };
};

/** `latchkey web forget-account USER`: the next login of this user may be with another account. */
export const webForgetAccount: Command = async (invocation) => {
  const user = invocation.given.argument(0);
  const provider = invocation.given.text('provider');
  if (!(await (await accountsOf(invocation)).forget(user, provider)))
    throw new LatchkeyError('credmon/not-found', `no account of ${quote(user)} is remembered`, {
      hint: 'latchkey web accounts shows those that are',
    });
  return { json: { forgotten: user }, lines: [`${user} may log in with another account now`] };
};

async function accountsOf(invocation: Invocation): Promise<ReturnType<typeof openAccountFile>> {
  const { state } = await findCredmon(invocation);
  if (state === undefined)
    throw new LatchkeyError(
      'config/missing',
      'this monitor has no state directory, so it remembers no accounts',
      {
        hint: 'name one in its configuration: LATCHKEY_CREDMON_STATE = /var/lib/latchkey-credmon',
      },
    );
  return openAccountFile(state.webAccounts);
}
