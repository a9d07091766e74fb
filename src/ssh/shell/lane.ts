import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { LatchkeyError, printable } from '../../kit/index.ts';
import {
  commandStopped,
  DEFAULT_MAX_OUTPUT_BYTES,
  DEFAULT_TIMEOUT_MS,
  noDirectory,
  type StopReason,
} from '../command-error.ts';
import type { CommandOptions, CommandResult } from '../transport.ts';
import {
  type CommandText,
  frameCommand,
  MarkedOutput,
  NO_DIRECTORY,
  newMark,
  numberedMark,
  shellPrologue,
} from './frame.ts';

/** Between TERM and KILL. */
const GRACE_SECONDS = 2;
/** From the decision to end a command until its shell is given up as well. */
const END_TIMEOUT_MS = 6000;
/** What a login's start-up files may write before the shell speaks. */
const MAX_NOISE_BYTES = 1 << 20;

/** What a lane needs of its connection. */
export interface LaneHost {
  /** Starts `/bin/sh` over there, reading commands from its standard input. */
  open(): ChildProcessWithoutNullStreams;
  /** Ends what runs in the shell with this process id. */
  endCommand(shellPid: number, graceSeconds: number): Promise<void>;
  /** Why it is lost, when the whole connection is. */
  lostCause(): Error | undefined;
  /** Asks the login itself: a shell may go with it before anybody has noticed. */
  isAlive(): Promise<boolean>;
}

/** Commands one after the other in one shell that stays open. */
export class Lane {
  /** Set when no more commands can be given to it. */
  isDead = false;
  readonly #host: LaneHost;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #mark = newMark();
  #commands = 0;
  #shellPid = 0;
  #current: Running | undefined;
  #stderrTail = '';

  private constructor(host: LaneHost, child: ChildProcessWithoutNullStreams) {
    this.#host = host;
    this.#child = child;
    child.stdin.on('error', () => {});
    child.stdout.on('data', (chunk: Buffer) => this.#take(this.#current?.stdout, chunk));
    child.stderr.on('data', (chunk: Buffer) => this.#take(this.#current?.stderr, chunk));
    child.once('error', () => this.#end());
    child.once('close', () => this.#end());
  }

  /** @throws LatchkeyError `ssh/command` when the machine gives no shell, `ssh/lost` */
  static async open(host: LaneHost, timeoutMs: number): Promise<Lane> {
    const lane = new Lane(host, host.open());
    const mark = lane.#mark;
    try {
      const { word } = await lane.#converse(shellPrologue(mark), mark, {
        maxOutputBytes: MAX_NOISE_BYTES,
        timeoutMs,
      });
      lane.#shellPid = Number(word);
    } catch (error) {
      lane.close();
      throw error;
    }
    if (!(lane.#shellPid > 1)) {
      lane.close();
      throw new LatchkeyError('ssh/command', 'the machine gives no usable shell');
    }
    return lane;
  }

  /** Runs a command; rejects as `Transport.run` does. Never called while another one runs. */
  async run(command: CommandText, options: CommandOptions): Promise<CommandResult> {
    this.#commands += 1;
    const mark = numberedMark(this.#mark, this.#commands);
    const { word, stdout, stderr } = await this.#converse(
      frameCommand(command, options, mark),
      mark,
      options,
    );
    if (word.startsWith(NO_DIRECTORY)) throw noDirectory(options);
    return { exitCode: Number(word), stdout, stderr };
  }

  close(): void {
    this.isDead = true;
    this.#child.stdin.end();
    this.#child.kill();
  }

  #converse(
    text: string,
    mark: string,
    options: CommandOptions,
  ): Promise<{ word: string; stdout: Buffer; stderr: Buffer }> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES, signal } = options;
    if (signal?.aborted) return Promise.reject(commandStopped('cancelled', options, 'no'));
    return new Promise((resolve, reject) => {
      const running = new Running(mark, maxOutputBytes, (error) => {
        clearTimeout(timer);
        clearTimeout(running.lastTimer);
        signal?.removeEventListener('abort', onAbort);
        this.#current = undefined;
        const { stdout, stderr } = running;
        if (error !== undefined) reject(error);
        else resolve({ word: stdout.word ?? '', stdout: stdout.bytes, stderr: stderr.bytes });
      });
      const stop = (reason: StopReason) => this.#stop(running, commandStopped(reason, options));
      running.onTooMuch = () => stop('too-much-output');
      const timer = setTimeout(() => stop('timed-out'), Math.min(timeoutMs, 2 ** 31 - 1));
      const onAbort = () => stop('cancelled');
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#current = running;
      if (this.isDead) return this.#end();
      this.#child.stdin.write(text);
    });
  }

  #take(output: MarkedOutput | undefined, chunk: Buffer): void {
    const running = this.#current;
    if (running === undefined || output === undefined || output.isDone) {
      // Something that an earlier command left behind writes where the next one's output will come: no more of them here.
      if (chunk.length > 0) this.#retire();
      return;
    }
    const stray = output.take(chunk);
    if (stray !== undefined && stray.length > 0) this.#retire();
    if (output === running.stderr) this.#stderrTail = chunk.toString('utf8').slice(-500);
    if (output.isTooMuch) running.onTooMuch();
    running.settleIfDone();
  }

  /**
   * Ends the command, and tells when it has ended; a shell that does not come back then goes too. It gets no other command: what
   * ends this one might be late, and end the next.
   */
  #stop(running: Running, why: LatchkeyError): void {
    if (running.ending !== undefined) return;
    running.ending = why;
    this.isDead = true;
    running.lastTimer = setTimeout(() => {
      this.close();
      running.settle(why);
    }, END_TIMEOUT_MS);
    if (this.#shellPid === 0) {
      this.close();
      running.settle(why);
      return;
    }
    const ended = this.#host.endCommand(this.#shellPid, GRACE_SECONDS);
    const isOver = () => {
      running.isBeingEnded = false;
      running.settleIfDone();
    };
    running.isBeingEnded = true;
    ended.then(isOver, isOver);
  }

  #retire(): void {
    this.isDead = true;
    if (this.#current === undefined) this.close();
  }

  #end(): void {
    this.isDead = true;
    const cause = this.#host.lostCause();
    const words = printable(this.#stderrTail.trim());
    this.#current?.settle(
      this.#current.ending ??
        (cause === undefined && this.#shellPid === 0
          ? new LatchkeyError(
              'ssh/command',
              `the machine gives no shell${words === '' ? '' : `: ${words}`}`,
              {
                hint: 'the account may be for forwards or files only, or the server allows no more sessions (MaxSessions)',
                details: { ran: 'no' },
              },
            )
          : new LatchkeyError('ssh/lost', 'the connection was lost while the command ran', {
              retryable: true,
              details: { ran: this.#shellPid === 0 ? 'no' : 'unknown' },
              cause,
            })),
    );
  }
}

class Running {
  readonly stdout: MarkedOutput;
  readonly stderr: MarkedOutput;
  /** Why it is being ended. */
  ending: LatchkeyError | undefined;
  lastTimer: NodeJS.Timeout | undefined;
  /** True while somebody over there waits for its processes to go. */
  isBeingEnded = false;
  onTooMuch: () => void = () => {};
  readonly #settle: (error: LatchkeyError | undefined) => void;
  #isSettled = false;

  constructor(mark: string, limit: number, settle: (error: LatchkeyError | undefined) => void) {
    this.stdout = new MarkedOutput(mark, limit);
    this.stderr = new MarkedOutput(mark, limit);
    this.#settle = settle;
  }

  settleIfDone(): void {
    if (this.stdout.isDone && this.stderr.isDone && !this.isBeingEnded) this.settle(this.ending);
  }

  settle(error: LatchkeyError | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settle(error);
  }
}
