import type { ToolContext } from '../kit/tool.ts';
import type { Given } from './given.ts';

/** What a command leaves behind: the same result for people and for programs. */
export interface Report {
  /** What `--json` prints. Never secrets. */
  readonly json: unknown;
  /** What people read, on standard output: one line each, whose control characters are shown as `?`. */
  readonly lines: readonly string[];
  /** Printed on standard output as it is, whatever `--json` says; a proxy for `-o -`. */
  readonly raw?: string | Uint8Array;
  /** Default 0. */
  readonly exitCode?: number;
}

/** All that a command works with. */
export interface Invocation {
  readonly given: Given;
  readonly context: ToolContext;
  /** True with `--json`: talk is kept off, the result is one document. */
  readonly json: boolean;
  /** Says something to the person who waits, on standard error; silent with `--json` and `--quiet`. */
  note(text: string): void;
}

/** A command. Failures are thrown as `LatchkeyError`. */
export type Command = (invocation: Invocation) => Promise<Report>;
