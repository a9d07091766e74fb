import { LatchkeyError } from '../../kit/index.ts';
import { type Field, malformed, string } from './fields.ts';
import {
  encodeRequest,
  type Packet,
  PacketCutter,
  parseReply,
  parseVersion,
  REQUEST,
  type Reply,
  STATUS,
} from './packet.ts';

/** The two ends of a running sftp server, as a {@link import('../transport.ts').RunningProgram} has them. */
export interface SftpStreams {
  readonly stdin: NodeJS.WritableStream;
  readonly stdout: NodeJS.ReadableStream;
}

/** An answer that says no, by its `SSH_FX_…` number. */
export class StatusFailure extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message === '' ? `status ${code}` : message);
    this.code = code;
  }
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/** How long a server may take for its first packet. */
const HELLO_TIMEOUT_MS = 30_000;

/** Requests and answers over a pair of streams. When one end goes, everything that waits is told `ssh/lost`. */
export class SftpChannel {
  readonly #streams: SftpStreams;
  readonly #waiting = new Map<number, Waiting>();
  readonly #cutter = new PacketCutter();
  #nextId = 1;
  #isHeld = false;
  #lost: LatchkeyError | undefined;
  #hello:
    | { resolve: (extensions: ReadonlyMap<string, string>) => void; reject: (e: unknown) => void }
    | undefined;
  /** Names and versions that the server offers. */
  extensions: ReadonlyMap<string, string> = new Map();

  private constructor(streams: SftpStreams) {
    this.#streams = streams;
    const { stdin, stdout } = streams;
    stdout.on('data', (piece: Buffer) => this.#receive(piece));
    stdout.once('end', () => this.#fail(lost('the sftp server has ended')));
    stdout.once('close', () => this.#fail(lost('the sftp server has ended')));
    for (const stream of [stdin, stdout])
      stream.on('error', (cause: Error) =>
        this.#fail(lost('the connection to the sftp server broke', cause)),
      );
  }

  /** Says hello. @throws LatchkeyError `ssh/lost` when what answers is no sftp server of version 3 */
  static async open(streams: SftpStreams, signal?: AbortSignal): Promise<SftpChannel> {
    const channel = new SftpChannel(streams);
    const timer = setTimeout(
      () => channel.#fail(lost(`no sftp server answered within ${HELLO_TIMEOUT_MS / 1000} s`)),
      HELLO_TIMEOUT_MS,
    );
    const onAbort = () => channel.#fail(lost('opening sftp was cancelled', signal?.reason));
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const hello = new Promise<ReadonlyMap<string, string>>((resolve, reject) => {
        channel.#hello = { resolve, reject };
      });
      if (signal?.aborted) onAbort();
      else streams.stdin.write(encodeRequest(REQUEST.init, 3, []));
      channel.extensions = await hello;
      return channel;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Sends a request; an aborted one is answered to nobody. @throws StatusFailure, LatchkeyError `ssh/lost` */
  request(type: number, fields: readonly Field[], signal?: AbortSignal): Promise<Reply> {
    return this.send((id) => [encodeRequest(type, id, fields)], signal);
  }

  /** A request that the server calls by a name instead of a number. */
  extended(name: string, fields: readonly Field[], signal?: AbortSignal): Promise<Reply> {
    return this.request(REQUEST.extended, [string(name), ...fields], signal);
  }

  /** As {@link request}, for a packet that is made by the caller, in pieces. */
  send(encode: (id: number) => readonly Uint8Array[], signal?: AbortSignal): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) return reject(again(this.#lost));
      if (signal?.aborted) return reject(signal.reason);
      const id = this.#nextId;
      this.#nextId = (id + 1) >>> 0;
      const onAbort = () => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, {
        resolve: (reply) => {
          signal?.removeEventListener('abort', onAbort);
          if (reply.kind === 'status' && reply.code !== STATUS.ok)
            reject(new StatusFailure(reply.code, reply.message));
          else resolve(reply);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
      });
      this.#hold();
      for (const piece of encode(id)) this.#streams.stdin.write(piece);
    });
  }

  /** What is asked for in one turn goes out at its end, at once: each write of its own would wake ssh and the server. */
  #hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    const stdin = this.#streams.stdin as Partial<{ cork(): void; uncork(): void }>;
    stdin.cork?.();
    process.nextTick(() => {
      this.#isHeld = false;
      stdin.uncork?.();
    });
  }

  close(): void {
    this.#fail(new LatchkeyError('ssh/lost', 'sftp was closed', { details: { ran: 'no' } }));
  }

  #receive(piece: Buffer): void {
    if (this.#lost !== undefined) return;
    try {
      for (const packet of this.#cutter.push(piece)) this.#answer(packet);
    } catch (error) {
      this.#fail(error as LatchkeyError);
    }
  }

  #answer(packet: Packet): void {
    if (this.#hello !== undefined) {
      const { version, extensions } = parseVersion(packet);
      if (version < 3) throw malformed(`version ${version}; version 3 is needed`);
      this.#hello.resolve(extensions);
      this.#hello = undefined;
      return;
    }
    const { id, reply } = parseReply(packet);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) throw malformed(`an answer to the request ${id}, which nobody made`);
    this.#waiting.delete(id);
    waiting.resolve(reply);
  }

  #fail(error: LatchkeyError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    this.#hello?.reject(error);
    this.#hello = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#streams.stdin.end();
    (this.#streams.stdout as Partial<{ destroy(): void }>).destroy?.();
  }
}

function lost(sentence: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('ssh/lost', sentence, { retryable: true, cause, details: { ran: 'unknown' } });
}

/** What ended the connection, for a request that never went out. */
function again(error: LatchkeyError): LatchkeyError {
  return new LatchkeyError('ssh/lost', error.message, {
    retryable: error.retryable,
    cause: error,
    details: { ran: 'no' },
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
