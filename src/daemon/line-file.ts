import { createWriteStream, type WriteStream } from 'node:fs';

const MAX_BACKLOG_BYTES = 16 << 20;

/**
 * A file that lines are appended to, 0600, never waited for. When the disk does not keep up, lines are dropped and
 * their number is written once it does; when it fails, standard error is told once.
 */
export class LineFile {
  readonly #path: string;
  #stream: WriteStream;
  #dropped = 0;
  #hasFailed = false;

  constructor(path: string) {
    this.#path = path;
    this.#stream = this.#open();
  }

  /** @param line with its final newline */
  write(line: string): void {
    if (this.#hasFailed) this.reopen();
    if (this.#stream.writableLength > MAX_BACKLOG_BYTES) {
      this.#dropped += 1;
      return;
    }
    if (this.#dropped > 0) {
      const count = this.#dropped;
      this.#dropped = 0;
      this.#stream.write(`{"dropped":${count}}\n`);
    }
    this.#stream.write(line);
  }

  /** Opens the file of that name again: after log rotation it is a new one. */
  reopen(): void {
    this.#stream.end();
    this.#stream = this.#open();
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.once('error', () => resolve());
      this.#stream.end(() => resolve());
    });
  }

  #open(): WriteStream {
    const stream = createWriteStream(this.#path, { flags: 'a', mode: 0o600 });
    stream.on('error', (error) => {
      if (!this.#hasFailed) process.stderr.write(`latchkey: cannot write ${this.#path}: ${error.message}\n`);
      this.#hasFailed = true;
    });
    stream.once('open', () => {
      this.#hasFailed = false;
    });
    return stream;
  }
}
