import { connect, type Socket } from 'node:net';
import {
  type ChannelMessage,
  ChannelMessageReader,
  type ChannelTarget,
  encodeClose,
  encodeOpen,
} from './channel-codec.ts';
import { encodeRequest, MuxReplyReader } from './codec.ts';

const PROBE_TIMEOUT_MS = 15_000;

/** What the server says about connecting somewhere. */
export type ProbeResult =
  | { readonly outcome: 'connected' }
  /** Nobody there, or no way to it. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** The server's settings forbid it. */
  | { readonly outcome: 'prohibited'; readonly reason: string }
  /** It could not be asked. */
  | { readonly outcome: 'unknown'; readonly reason: string };

/**
 * Asks a server, through a master in proxy mode, to connect somewhere, and lets go at once: the answer is the server's own, and
 * nothing is guessed from a connection that stays open or does not.
 *
 * It stays connected as long as the master lives: OpenSSH 9.2 keeps the channel of a refused attempt, and ends itself (`no remote_id`)
 * when the one who made it goes first.
 */
export class Prober {
  readonly #controlPath: string;
  readonly #waiting = new Map<number, (result: ProbeResult) => void>();
  #socket: Promise<Socket> | undefined;
  #lastChannel = 0;

  constructor(controlPath: string) {
    this.#controlPath = controlPath;
  }

  async probe(target: ChannelTarget): Promise<ProbeResult> {
    let socket: Socket;
    try {
      this.#socket ??= this.#open();
      socket = await this.#socket;
    } catch (error) {
      this.#socket = undefined;
      return { outcome: 'unknown', reason: String(error) };
    }
    this.#lastChannel = (this.#lastChannel + 1) & 0x7fffffff;
    const channel = this.#lastChannel;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle({ outcome: 'unknown', reason: 'no answer' }), PROBE_TIMEOUT_MS);
      const settle = (result: ProbeResult) => {
        clearTimeout(timer);
        this.#waiting.delete(channel);
        resolve(result);
      };
      this.#waiting.set(channel, settle);
      socket.write(encodeOpen(channel, target));
    });
  }

  /** Only after the master has ended. */
  close(): void {
    this.#socket?.then(
      (socket) => socket.destroy(),
      () => {},
    );
  }

  #open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#controlPath);
      const replies = new MuxReplyReader();
      const messages = new ChannelMessageReader();
      let isProxy = false;
      socket.once('error', reject);
      socket.once('close', () => {
        reject(new Error('the control socket was closed'));
        this.#socket = undefined;
        for (const settle of [...this.#waiting.values()])
          settle({ outcome: 'unknown', reason: 'connection lost' });
      });
      socket.on('data', (chunk: Buffer) => {
        try {
          if (isProxy) return this.#take(socket, messages.read(chunk));
          for (const reply of replies.read(chunk)) {
            if (reply.type === 'hello') continue;
            if (reply.type !== 'proxy')
              throw new Error(`ssh answers a request for proxy mode with ${reply.type}`);
            isProxy = true;
            resolve(socket);
          }
          if (isProxy) this.#take(socket, messages.read(replies.rest));
        } catch (error) {
          socket.destroy(error as Error);
        }
      });
      socket.write(
        Buffer.concat([encodeRequest({ type: 'hello' }), encodeRequest({ type: 'proxy', id: 0 })]),
      );
    });
  }

  #take(socket: Socket, messages: readonly ChannelMessage[]): void {
    for (const message of messages) {
      if (message.type === 'confirmed') {
        this.#waiting.get(message.channel)?.({ outcome: 'connected' });
        socket.write(encodeClose(message.remote));
      } else if (message.type === 'failed') {
        const { code, reason } = message;
        // RFC 4254 §5.1: 1 = administratively prohibited, 2 = connect failed, 3 = unknown type, 4 = shortage.
        const outcome = code === 1 ? 'prohibited' : code === 2 ? 'refused' : 'unknown';
        this.#waiting.get(message.channel)?.({ outcome, reason: reason || `code ${code}` });
      }
    }
  }
}
