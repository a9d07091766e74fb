import type { Secret } from '../../kit/index.ts';

/** Everything a tool touches besides the library: so that tests run tools in process, without a terminal. */
export interface ToolContext {
  /** The name the tool was called by; begins its messages. */
  readonly name: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Numeric user id of the process. */
  readonly uid: number;
  readonly now: () => Date;
  /** Writes to standard output. */
  out(text: string | Uint8Array): void;
  /** Writes to standard error. */
  err(text: string | Uint8Array): void;
  /** The next line of standard input without its newline; undefined at its end. */
  readLine(): Promise<string | undefined>;
  /** Everything that is left of standard input. */
  readInput(): Promise<Buffer>;
  /** True when there is a terminal to ask on, whatever standard input is. */
  hasTerminal(): Promise<boolean>;
  /** Asks on the terminal with echo off; falls back to standard input. Undefined when there is nothing to read or the user gave up. */
  askSecret(prompt: string): Promise<Secret | undefined>;
}

/** One drop-in tool. Resolves to the exit code; throws only what {@link reportError} can print. */
export type Tool = (argv: readonly string[], context: ToolContext) => Promise<number>;

/** Ends a tool early: text for standard output or error, and the exit code. Thrown by option readers, printed by `runTool`. */
export class ToolExit extends Error {
  override readonly name = 'ToolExit';
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(code: number, texts: { readonly stdout?: string; readonly stderr?: string } = {}) {
    super((texts.stderr ?? '').trimEnd());
    this.code = code;
    this.stdout = texts.stdout ?? '';
    this.stderr = texts.stderr ?? '';
  }
}

/** A failed run: `message` is one or more whole lines, without the last newline. */
export function fail(message: string, code = 1): ToolExit {
  return new ToolExit(code, { stderr: `${message}\n` });
}
