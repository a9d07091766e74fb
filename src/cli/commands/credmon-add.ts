import { join } from 'node:path';
import {
  createLoginStore,
  inUserDirectory,
  makeUserDirectory,
  openCredentialDirectory,
  readStem,
} from '../../credmon/index.ts';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import type { Command } from './command.ts';
import { readTarget } from './credmon-explain.ts';
import { type CredmonPlace, findCredmon, runningCredmon, runningCredmonIfAny } from './credmon-place.ts';
import { formatSpan } from './lifetime.ts';

/** What HTCondor's credd waits too. */
const WAIT_MS = 20_000;
const LOOK_MS = 50;

/**
 * `latchkey credmon add USER/NAME`: has a token kept that needs no login, as HTCondor's credd does: a request file
 * `.top` is there as long as the token shall be. Waits for the token.
 */
export const credmonAdd: Command = async (invocation) => {
  const place = await findCredmon(invocation);
  const { user, stem } = readTarget(invocation.given.argument(0), place.settings.directory);
  checkProvider(place, stem);
  const monitor = await runningCredmon(place);
  const directory = await openCredentialDirectory(place.settings.directory);
  makeUserDirectory(directory, user);
  inUserDirectory(directory, user, (opened) =>
    opened.write(`${stem}.top`, `${user}@latchkey\n`, { mode: 0o600 }),
  );
  await monitor.wake();
  const id = `${user}/${stem}`;
  const lease = await untilThere(invocation.context.now, async () => await monitor.lease(id));
  const left =
    lease.expiresAt === undefined
      ? ''
      : `, valid for ${formatSpan(secondsLeft(new Date(lease.expiresAt), invocation.context.now()))} and renewed by itself`;
  const file = join(directory.path, user, `${stem}.use`);
  return { json: { ...lease, file }, lines: [`✔ ${id} is in ${file}${left}`] };
};

/** `latchkey credmon remove USER/NAME`: the token is no longer kept, and revoked where that is possible. */
export const credmonRemove: Command = async (invocation) => {
  const place = await findCredmon(invocation);
  const { user, stem } = readTarget(invocation.given.argument(0), place.settings.directory);
  const directory = await openCredentialDirectory(place.settings.directory);
  if (!(await createLoginStore(directory).removeLogin(user, stem))) {
    throw new LatchkeyError('credmon/not-found', `there is no credential ${quote(`${user}/${stem}`)}`, {
      hint: 'latchkey credmon list shows what is kept',
    });
  }
  await (await runningCredmonIfAny(place))?.wake();
  return { json: { removed: `${user}/${stem}` }, lines: [`${user}/${stem} is removed`] };
};

function checkProvider({ settings }: CredmonPlace, stem: string): void {
  const name = readStem(stem, settings)?.name;
  const provider = name === undefined ? undefined : settings.providerOf(name);
  if (provider?.mode === 'local' || provider?.mode === 'client') return;
  if (provider?.mode === 'oauth') {
    throw new LatchkeyError('cli/usage', `tokens of ${quote(stem)} come after a login`, {
      hint: `latchkey credmon login ${provider.name} --user NAME, or the web page`,
    });
  }
  throw new LatchkeyError(
    'credmon/provider-unknown',
    `no provider makes tokens for ${quote(stem)} by itself`,
    {
      hint: 'latchkey credmon config shows the providers',
    },
  );
}

type Lease = Awaited<ReturnType<Awaited<ReturnType<typeof runningCredmon>>['lease']>>;

async function untilThere(now: () => Date, look: () => Promise<Lease>): Promise<Lease> {
  const end = now().getTime() + WAIT_MS;
  for (;;) {
    const lease = await look().catch(() => undefined);
    if (lease?.state === 'current' && lease.failures === 0) return lease;
    if (lease?.lastError !== undefined) {
      const { message, hint } = lease.lastError;
      throw new LatchkeyError(
        'credmon/denied',
        `no token yet: ${message}`,
        hint === undefined ? {} : { hint },
      );
    }
    if (now().getTime() >= end) {
      throw new LatchkeyError('credmon/not-running', 'the monitor has made no token within 20 s', {
        hint: 'latchkey credmon explain tells more',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
