import { connect, type Socket } from 'node:net';
import { LatchkeyError, printable } from '../../kit/index.ts';
import { encodeRequest, type MuxForward, type MuxReply, MuxReplyReader, type MuxRequest } from './codec.ts';

/** Milliseconds that a master may take over an answer: what needs the far side takes a round trip. */
const REPLY_TIMEOUT_MS = 30_000;

/** A conversation with a master over its control socket. */
export class MuxClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { resolve(reply: MuxReply): void; reject(error: Error): void }>();
  #lastId = 0;
  #gone: Error | undefined;

  private constructor(socket: Socket, reader: MuxReplyReader) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const reply of reader.read(chunk)) this.#settle(reply);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the control socket was closed')));
  }

  /** Connects and exchanges hellos. @throws LatchkeyError `ssh/program` */
  static open(controlPath: string): Promise<MuxClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(controlPath);
      const reader = new MuxReplyReader();
      const refuse = (why: string) => {
        socket.destroy();
        reject(new LatchkeyError('ssh/program', `the control socket of ssh does not answer: ${why}`));
      };
      socket.once('error', (error) => refuse(error.message));
      socket.once('close', () => refuse('it was closed'));
      socket.once('data', (chunk: Buffer) => {
        let hello: MuxReply | undefined;
        try {
          [hello] = reader.read(chunk);
        } catch {}
        if (hello?.type !== 'hello' || hello.version !== 4) return refuse('it speaks another protocol');
        socket.removeAllListeners('error').removeAllListeners('close');
        resolve(new MuxClient(socket, reader));
      });
      socket.write(encodeRequest({ type: 'hello' }));
    });
  }

  /** Process id of the master. */
  async alive(): Promise<number> {
    const reply = await this.#ask({ type: 'alive', id: this.#nextId() });
    if (reply.type !== 'alive') throw unexpected(reply);
    return reply.pid;
  }

  /**
   * Asks for a forward. Resolves with the port for a remote forward of port 0, which the server chose.
   *
   * @throws LatchkeyError `ssh/forward` with the master's own words
   */
  async openForward(forward: MuxForward): Promise<number | undefined> {
    const reply = await this.#ask({ type: 'open-forward', id: this.#nextId(), forward });
    if (reply.type === 'remote-port') return reply.port;
    if (reply.type !== 'ok') throw unexpected(reply);
    return undefined;
  }

  /** Takes a forward back; connections through it go on. @throws LatchkeyError `ssh/forward` */
  async closeForward(forward: MuxForward): Promise<void> {
    const reply = await this.#ask({ type: 'close-forward', id: this.#nextId(), forward });
    if (reply.type !== 'ok') throw unexpected(reply);
  }

  /** Asks the master to end. */
  async terminate(): Promise<void> {
    await this.#ask({ type: 'terminate', id: this.#nextId() });
  }

  close(): void {
    this.#socket.destroy();
  }

  #nextId(): number {
    this.#lastId = (this.#lastId + 1) >>> 0;
    return this.#lastId;
  }

  #ask(request: Exclude<MuxRequest, { type: 'hello' }>): Promise<MuxReply> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(lost(this.#gone));
      const timer = setTimeout(() => {
        this.#waiting.delete(request.id);
        reject(
          new LatchkeyError('ssh/lost', 'ssh did not answer over its control socket', { retryable: true }),
        );
      }, REPLY_TIMEOUT_MS);
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(request.id);
        act();
      };
      this.#waiting.set(request.id, {
        resolve: (reply) => settle(() => resolve(reply)),
        reject: (error) => settle(() => reject(error)),
      });
      this.#socket.write(encodeRequest(request));
    });
  }

  #settle(reply: MuxReply): void {
    if ('id' in reply) this.#waiting.get(reply.id)?.resolve(reply);
  }

  #end(error: Error): void {
    this.#gone ??= error;
    for (const { reject } of [...this.#waiting.values()]) reject(lost(this.#gone));
  }
}

function unexpected(reply: MuxReply): LatchkeyError {
  const reason = 'reason' in reply ? printable(reply.reason) : `an answer of type ${reply.type}`;
  return new LatchkeyError('ssh/forward', `ssh refused: ${reason}`, { details: { reason } });
}

function lost(cause: Error): LatchkeyError {
  return new LatchkeyError('ssh/lost', 'the connection is gone', { retryable: true, cause });
}
