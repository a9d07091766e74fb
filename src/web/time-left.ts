import type { CredentialView } from './dependencies.ts';

/** How a credential's time is doing. */
export type Tone = 'good' | 'warn' | 'bad';

/** The time a credential has left, as a bar and as text. */
export interface TimeLeft {
  /** Of its whole life, 0 to 100; `undefined` = nobody says when it ends. */
  readonly percent: number | undefined;
  readonly tone: Tone;
  /** `2 h 5 min left`, `ended 3 min ago`. */
  readonly text: string;
}

/** Below this share of its life a credential that should have been renewed is shown as a warning. */
const WARN_PERCENT = 20;

/** Pure: what to show of a credential's remaining time at `now`. */
export function timeLeft(
  { issuedAt, expiresAt }: Pick<CredentialView, 'issuedAt' | 'expiresAt'>,
  now: Date,
): TimeLeft {
  if (expiresAt === undefined) {
    return issuedAt === undefined
      ? { percent: undefined, tone: 'warn', text: 'nothing obtained yet' }
      : { percent: undefined, tone: 'good', text: 'its issuer does not say when it ends' };
  }
  const left = expiresAt.getTime() - now.getTime();
  if (left <= 0) return { percent: 0, tone: 'bad', text: `ended ${formatSpan(-left)} ago` };
  const life = expiresAt.getTime() - (issuedAt ?? now).getTime();
  const percent = Math.max(1, Math.min(100, Math.round((100 * left) / Math.max(life, left))));
  return { percent, tone: percent < WARN_PERCENT ? 'warn' : 'good', text: `${formatSpan(left)} left` };
}

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** `2 d 4 h`, `5 min`, `12 s`: the two greatest units, from two minutes on without seconds. @param ms milliseconds, not negative */
export function formatSpan(ms: number): string {
  const first = UNITS.findIndex(([, size]) => ms >= size);
  if (first === -1) return '0 s';
  const [name = '', size = 1] = UNITS[first] ?? [];
  const whole = `${Math.floor(ms / size)} ${name}`;
  const [nextName = '', nextSize = 1] = UNITS[first + 1] ?? [];
  const rest = Math.floor((ms % size) / nextSize);
  if (nextName === '' || rest === 0 || (name === 'min' && ms >= 2 * size)) return whole;
  return `${whole} ${rest} ${nextName}`;
}

/** `in 5 min`, `3 h ago`, `now`. */
export function formatWhen(time: Date, now: Date): string {
  const distance = time.getTime() - now.getTime();
  if (Math.abs(distance) < 1_000) return 'now';
  return distance > 0 ? `in ${formatSpan(distance)}` : `${formatSpan(-distance)} ago`;
}
