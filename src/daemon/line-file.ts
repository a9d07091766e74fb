import { closeSync, constants, fstatSync, lstatSync, openSync, statSync, write, writeSync } from 'node:fs';
import { LatchkeyError, quote } from '../kit/index.ts';

const FLUSH_AFTER_MS = 50;
const MAX_WAITING_BYTES = 16 << 20;

/**
 * A file that lines are appended to, 0600. Lines are collected for 50 ms and written together, so that a busy server
 * does not pay a system call for each; nobody waits for the disk. When it does not keep up, lines are dropped and
 * their number is noted; when it fails, standard error is told once and the file is tried again with later lines.
 */
export class LineFile {
  readonly #path: string;
  #descriptor: number | undefined;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #hasFailed = false;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  readonly #onExit = (): void => this.#flushNow();

  /** @throws LatchkeyError `file/io` when it cannot be opened now; what fails later is only told */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#descriptor = openToAppend(path);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new LatchkeyError('file/io', `cannot write the log ${quote(path)}: ${why}`, {
        hint: 'its directory must exist and be writable for this user',
        cause,
      });
    }
    // What was logged last before an exit is what one wants to read.
    process.on('exit', this.#onExit);
  }

  /** @param line with its final newline */
  write(line: string): void {
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_AFTER_MS).unref();
  }

  /** Opens the file of that name again: after log rotation it is a new one. */
  reopen(): void {
    this.#flushNow();
    const old = this.#descriptor;
    this.#descriptor = undefined;
    this.#open();
    if (old === undefined) return;
    // A write that is under way still needs it; its number must not be another file's meanwhile.
    if (this.#writing === undefined) closeSync(old);
    else void this.#writing.then(() => closeSync(old));
  }

  /** Opens it again if that name is another file's by now, or nobody's. Cheap enough for signals that come often. */
  reopenIfMoved(): void {
    if (this.#isMoved()) this.reopen();
  }

  async close(): Promise<void> {
    process.removeListener('exit', this.#onExit);
    await this.#writing;
    this.#flushNow();
    this.#close();
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#writing !== undefined) return;
    const descriptor = this.#descriptor ?? this.#open();
    if (descriptor === undefined) return;
    const chunk = this.#take();
    this.#writing = new Promise((resolve) => {
      write(descriptor, chunk, null, (error) => {
        this.#writing = undefined;
        if (error !== null) this.#failed(error);
        else this.#hasFailed = false;
        if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#flush(), FLUSH_AFTER_MS).unref();
        resolve();
      });
    });
  }

  #flushNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0 || this.#descriptor === undefined) return;
    try {
      writeSync(this.#descriptor, this.#take());
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Everything that waits, as one piece. */
  #take(): string {
    const note = this.#dropped > 0 ? [`${JSON.stringify({ dropped: this.#dropped })}\n`] : [];
    const chunk = [...this.#waiting, ...note].join('');
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#dropped = 0;
    return chunk;
  }

  #open(): number | undefined {
    try {
      this.#descriptor = openToAppend(this.#path);
    } catch (error) {
      this.#failed(error);
    }
    return this.#descriptor;
  }

  #isMoved(): boolean {
    if (this.#descriptor === undefined) return true;
    try {
      const named = statSync(this.#path, { throwIfNoEntry: false });
      const open = fstatSync(this.#descriptor);
      return named?.ino !== open.ino || named.dev !== open.dev;
    } catch {
      // Whether it can be opened is seen, and told, when it is.
      return true;
    }
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #failed(error: unknown): void {
    if (!this.#hasFailed) {
      const why = error instanceof Error ? error.message : String(error);
      process.stderr.write(`latchkey: cannot write ${this.#path}: ${why}\n`);
    }
    this.#hasFailed = true;
  }
}

const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;

/**
 * Logs often lie in a directory of another account (HTCondor's), and root writes them: a link is followed only when it is
 * root's or our own, or that account could have root write into any file.
 */
function openToAppend(path: string): number {
  const follow = isOwnLink(path) ? 0 : O_NOFOLLOW;
  try {
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | follow, 0o600);
  } catch (error) {
    const isLink = follow !== 0 && error instanceof Error && 'code' in error && error.code === 'ELOOP';
    throw isLink ? new Error('it is a symbolic link that somebody else has made') : error;
  }
}

function isOwnLink(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isSymbolicLink() === true && (stats.uid === 0 || stats.uid === process.geteuid?.());
}
