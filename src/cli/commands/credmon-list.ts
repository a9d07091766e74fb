import type { LeaseDocument } from '../../daemon/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import type { Command } from './command.ts';
import { findCredmon, leasesHere } from './credmon-place.ts';
import { tableLines, validityText } from './facts.ts';
import { formatSpan } from './lifetime.ts';

/** `latchkey credmon list`: every credential that is kept, with the time it has left. */
export const credmonList: Command = async (invocation) => {
  const { given, context, note } = invocation;
  const now = context.now();
  const place = await findCredmon(invocation);
  const { leases, from } = await leasesHere(place, given.text('user'));
  if (from === 'files') note('latchkey: no monitor runs here: this is what its files say');
  const shown = leases
    .filter((lease) => !given.flag('problems') || isProblem(lease, now))
    .sort((one, other) => (one.id < other.id ? -1 : 1));
  return {
    json: {
      directory: place.settings.directory,
      from,
      leases: shown.map((lease) => ({
        ...lease,
        secondsLeft:
          lease.expiresAt === undefined ? null : Math.max(0, secondsLeft(new Date(lease.expiresAt), now)),
      })),
    },
    lines:
      shown.length === 0
        ? [given.flag('problems') ? 'no problems' : 'nothing is kept']
        : [
            ...tableLines(
              ['CREDENTIAL', 'STATE', 'TIME LEFT', 'NEXT', 'FOR'],
              shown.map((lease) => rowOf(lease, now)),
            ),
            ...problemLines(shown, now),
          ],
  };
};

/** Something that somebody should look at: it fails, or there is nothing valid. */
export function isProblem({ state, expiresAt, lastError }: LeaseDocument, now: Date): boolean {
  if (state === 'retrying' || state === 'needs-action') return true;
  if (expiresAt !== undefined) return new Date(expiresAt).getTime() <= now.getTime();
  return state === 'waiting' && lastError !== undefined;
}

const STATE_WORDS: Readonly<Record<LeaseDocument['state'], string>> = {
  waiting: 'waiting',
  current: 'ok',
  renewing: 'renewing',
  retrying: 'retrying',
  'needs-action': 'NEEDS ACTION',
};

function rowOf(lease: LeaseDocument, now: Date): string[] {
  return [
    lease.id,
    STATE_WORDS[lease.state],
    timeLeft(lease, now),
    lease.nextAt === undefined ? '' : inTime(new Date(lease.nextAt), now),
    lease.purpose ?? '',
  ];
}

function timeLeft({ issuedAt, expiresAt }: LeaseDocument, now: Date): string {
  if (expiresAt === undefined) return issuedAt === undefined ? 'no credential' : 'its issuer does not say';
  const end = new Date(expiresAt);
  return validityText(issuedAt === undefined ? now : new Date(issuedAt), end, now);
}

/** `in 5 min`, or `now` for what is due. */
export function inTime(time: Date, now: Date): string {
  const seconds = secondsLeft(time, now);
  return seconds <= 0 ? 'now' : `in ${formatSpan(seconds)}`;
}

function problemLines(leases: readonly LeaseDocument[], now: Date): string[] {
  const problems = leases.filter((lease) => isProblem(lease, now) && lease.lastError !== undefined);
  const [first] = problems;
  if (first === undefined) return [];
  const causes = new Map<string, number>();
  for (const { lastError } of problems)
    causes.set(lastError?.message ?? '', (causes.get(lastError?.message ?? '') ?? 0) + 1);
  return [
    '',
    ...[...causes]
      .sort(([, one], [, other]) => other - one)
      .slice(0, 5)
      .map(([message, times]) => `✘ ${times === 1 ? '' : `${times} ×  `}${message}`),
    `  latchkey credmon explain ${first.id}`,
  ];
}
