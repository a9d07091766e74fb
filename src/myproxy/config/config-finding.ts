import type { Finding } from '../../kit/index.ts';

/** What is wrong, doubtful or worth knowing in a configuration; a server with an `error` does not start. */
export interface ConfigFinding extends Finding {
  readonly severity: 'error' | 'warning' | 'notice';
  /** The key that it is about. */
  readonly key?: string;
  /** What the operator can do about it. */
  readonly hint?: string;
  /** Line of the file, from 1. */
  readonly index?: number;
}
