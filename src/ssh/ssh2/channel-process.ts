import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import type { Ssh2Channel, Ssh2Client } from './ssh2-module.ts';

/**
 * A session of the package, with the shape of a child process: what speaks with an ssh that rides on a master speaks with this. The
 * streams are there at once; what is written before the server has opened the session waits.
 */
export class ChannelProcess extends EventEmitter {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  #channel: Ssh2Channel | undefined;
  #isKilled = false;
  #isOver = false;

  /** @param words ssh's words: `--`, a name, a command line; with `-s` in front a subsystem */
  constructor(client: Ssh2Client, words: readonly string[]) {
    super();
    const what = words.at(-1) ?? '';
    const opened = (error: Error | undefined, channel: Ssh2Channel) => {
      if (error !== undefined) return this.#refused(error);
      if (this.#isKilled) {
        channel.close();
        return this.#end(null);
      }
      this.#attach(channel);
    };
    client.once('close', this.#onClosed);
    try {
      if (words[0] === '-s') client.subsys(what, opened);
      else client.exec(what, opened);
    } catch (error) {
      // The connection went a moment ago.
      process.nextTick(() => this.#refused(error as Error));
    }
  }

  kill(): boolean {
    this.#isKilled = true;
    this.#channel?.close();
    return true;
  }

  #onClosed = () => this.#end(null);

  #attach(channel: Ssh2Channel): void {
    this.#channel = channel;
    let code: number | null = null;
    channel.on('exit', (status: number | null, signal?: string) => {
      code = status ?? 128 + (constants.signals[`SIG${signal?.replace(/^SIG/, '')}` as NodeJS.Signals] ?? 0);
    });
    channel.on('error', () => {});
    this.stdin.pipe(channel);
    channel.pipe(this.stdout);
    channel.stderr.pipe(this.stderr);
    channel.once('close', () => this.#end(code));
  }

  #refused(error: Error): void {
    this.stderr.write(`${error.message}\n`);
    this.#end(null);
  }

  /** As for a process: over when its outputs are. */
  #end(code: number | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // What it writes to may be gone already.
    this.stdin.on('error', () => {});
    this.stdin.destroy();
    this.stdout.end();
    this.stderr.end();
    setImmediate(() => this.emit('close', code));
  }
}
