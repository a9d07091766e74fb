import type { LeaseDocument } from '../../daemon/index.ts';
import { LatchkeyError } from '../../kit/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import type { Command } from './command.ts';
import { readTarget } from './credmon-explain.ts';
import { findCredmon, runningCredmon } from './credmon-place.ts';
import { formatSpan } from './lifetime.ts';

/** Renewals asked for at one time by `--user`. */
const AT_ONCE = 8;

/** `latchkey credmon renew NAME`: now, without waiting for its time or for a back-off. Exit code 1 when it fails. */
export const credmonRenew: Command = async (invocation) => {
  const { given, context } = invocation;
  const place = await findCredmon(invocation);
  const user = given.text('user');
  const [target] = given.arguments;
  if ((target === undefined) === (user === undefined)) {
    throw new LatchkeyError('cli/usage', 'which credential? NAME or --user USER, one of them', {
      hint: 'latchkey credmon list shows the names',
    });
  }
  const monitor = await runningCredmon(place);
  const ids = target === undefined ? (await monitor.leases(user)).map(({ id }) => id) : [idOf(target, place)];
  if (ids.length === 0)
    throw new LatchkeyError('credmon/not-found', `nothing is kept for the user "${user}"`, {
      hint: 'latchkey credmon list shows what is kept',
    });
  const renewed: LeaseDocument[] = [];
  for (let start = 0; start < ids.length; start += AT_ONCE)
    renewed.push(...(await Promise.all(ids.slice(start, start + AT_ONCE).map((id) => monitor.renew(id)))));
  const now = context.now();
  return {
    json: { leases: renewed },
    lines: renewed.flatMap((lease) => outcomeLines(lease, now)),
    exitCode: renewed.every(({ failures }) => failures === 0) ? 0 : 1,
  };
};

function idOf(target: string, { settings }: { readonly settings: { readonly directory: string } }): string {
  const { user, stem } = readTarget(target, settings.directory);
  return `${user}/${stem}`;
}

function outcomeLines({ id, failures, expiresAt, lastError }: LeaseDocument, now: Date): string[] {
  if (failures === 0) {
    const left =
      expiresAt === undefined ? '' : `, valid for ${formatSpan(secondsLeft(new Date(expiresAt), now))}`;
    return [`✔ ${id}: renewed${left}`];
  }
  return [
    `✘ ${id}: ${lastError?.message ?? 'failed'}`,
    ...(lastError?.hint === undefined ? [] : [`  hint: ${lastError.hint}`]),
  ];
}
