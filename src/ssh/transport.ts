import type { RemoteFiles } from './remote-files.ts';

/** How a command runs on a machine. */
export interface CommandOptions {
  /** Written to standard input, which is then closed; absent = empty. */
  readonly input?: string | Uint8Array | undefined;
  readonly cwd?: string | undefined;
  /** Added to the environment that the machine gives; never secrets, for a machine shows it to its administrators. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds until it is ended; default 60 000. */
  readonly timeoutMs?: number | undefined;
  /** Bytes of each output that are kept; a command that writes more is ended. Default 16 MiB. */
  readonly maxOutputBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The outcome of a command that ran to its end, whatever its exit code. */
export interface CommandResult {
  /** As a shell tells it: 128 + n when signal n ended it. */
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** A program with streams of its own: what is followed, or talked to. */
export interface RunningProgram {
  readonly stdin: NodeJS.WritableStream;
  readonly stdout: NodeJS.ReadableStream;
  readonly stderr: NodeJS.ReadableStream;
  /** Exit code; rejects with `ssh/lost` when the connection went first. */
  readonly ended: Promise<number>;
  /** Ends it there; idempotent. */
  stop(): void;
}

/**
 * A machine that commands run on and files are copied to: this one, or one reached over SSH. Its users know nothing of
 * connections: a lost one is made again, and what was lost with it is told as `ssh/lost` (`retryable`; `details.ran`
 * says `no` when the command certainly never started, else `unknown`).
 */
export interface Transport {
  /** For people and logs: `local`, `ssh alice@host:2222`. Never a secret. */
  readonly description: string;
  /** Runs one program; each word arrives as it is, whatever it contains. */
  run(argv: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Runs a POSIX shell script (`/bin/sh`), with `args` as `$1`, `$2`, …; for what takes several steps in one round trip. */
  script(text: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Starts a program whose output is wanted while it runs. */
  start(argv: readonly string[], options?: CommandOptions): Promise<RunningProgram>;
  readonly files: RemoteFiles;
  close(): Promise<void>;
}
