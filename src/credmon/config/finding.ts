import type { Finding } from '../../kit/index.ts';

/** What is wrong, doubtful or worth knowing in the configuration of a credential monitor. */
export interface ConfigFinding extends Finding {
  /** With an `error`, some token or the whole monitor cannot work; a `warning` is doubtful, a `notice` worth knowing. */
  readonly severity: 'error' | 'warning' | 'notice';
  /** The key that it is about, as it is written in the configuration. */
  readonly key?: string | undefined;
  /** File and line. */
  readonly origin?: string | undefined;
  /** What the operator can do about it. */
  readonly hint?: string | undefined;
}

/** A finding in one line, with where it stands and what can be done. */
export function describeFinding({ message, origin, hint }: ConfigFinding): string {
  const where = origin === undefined ? '' : ` (${origin})`;
  return `${message}${where}${hint === undefined ? '' : `; ${hint}`}`;
}
