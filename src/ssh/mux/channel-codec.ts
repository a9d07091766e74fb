/** Largest message taken: the master's own packets are at most 256 KiB. */
const MAX_MESSAGE_BYTES = 256 * 1024 + 64;
/** Window and packet that a probe offers: it wants nothing to be sent. */
const WINDOW_BYTES = 32 * 1024;

const MESSAGE = {
  open: 90,
  confirmed: 91,
  failed: 92,
  close: 97,
} as const;

/** Where a channel is to lead, on the server's side. */
export type ChannelTarget =
  | { readonly host: string; readonly port: number }
  | { readonly socketPath: string };

/** What comes from the server about channels (RFC 4254 §5); the rest is of no interest here. */
export type ChannelMessage =
  | { readonly type: 'confirmed'; readonly channel: number; readonly remote: number }
  | {
      readonly type: 'failed';
      readonly channel: number;
      readonly code: number;
      readonly reason: string;
    }
  | { readonly type: 'close'; readonly channel: number }
  | { readonly type: 'other'; readonly code: number };

/** Asks the server to connect somewhere (RFC 4254 §7.2; OpenSSH PROTOCOL §2.4 for sockets). */
export function encodeOpen(channel: number, target: ChannelTarget): Buffer {
  const isSocket = 'socketPath' in target;
  return frame([
    MESSAGE.open,
    text(isSocket ? 'direct-streamlocal@openssh.com' : 'direct-tcpip'),
    uint32(channel),
    uint32(WINDOW_BYTES),
    uint32(WINDOW_BYTES),
    ...(isSocket
      ? [text(target.socketPath), text(''), uint32(0)]
      : [text(target.host), uint32(target.port), text('127.0.0.1'), uint32(0)]),
  ]);
}

/** Ends a channel; the number is the server's. */
export function encodeClose(remote: number): Buffer {
  return frame([MESSAGE.close, uint32(remote)]);
}

/** Takes messages out of what has arrived from a master in proxy mode: length, a zero byte of padding, the SSH message. */
export class ChannelMessageReader {
  #pending: Buffer = Buffer.alloc(0);

  /** @throws RangeError for what is no message */
  read(chunk: Uint8Array): ChannelMessage[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const messages: ChannelMessage[] = [];
    for (;;) {
      if (this.#pending.length < 4) return messages;
      const length = this.#pending.readUInt32BE(0);
      if (length < 2 || length > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${length} bytes`);
      if (this.#pending.length < 4 + length) return messages;
      messages.push(decode(this.#pending.subarray(5, 4 + length)));
      this.#pending = this.#pending.subarray(4 + length);
    }
  }
}

function decode(body: Buffer): ChannelMessage {
  const code = body.readUInt8(0);
  switch (code) {
    case MESSAGE.confirmed:
      return { type: 'confirmed', channel: body.readUInt32BE(1), remote: body.readUInt32BE(5) };
    case MESSAGE.failed: {
      const length = body.readUInt32BE(9);
      if (13 + length > body.length) throw new RangeError('a message ends in the middle of a string');
      return {
        type: 'failed',
        channel: body.readUInt32BE(1),
        code: body.readUInt32BE(5),
        reason: body.toString('utf8', 13, 13 + length),
      };
    }
    case MESSAGE.close:
      return { type: 'close', channel: body.readUInt32BE(1) };
    default:
      return { type: 'other', code };
  }
}

function frame(parts: readonly (number | Buffer)[]): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    ...parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : part)),
  ]);
  return Buffer.concat([uint32(body.length), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
