/** Largest message taken from a master; its own limit is 256 KiB. */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** A port number that says: the host field is the path of a Unix socket. */
const STREAM_LOCAL_PORT = 0xfffffffe;
const VERSION = 4;
/** A dynamic forward's far end, as ssh writes it. */
const SOCKS = ['socks', 0] as const;

/** One end of a forward. */
export type MuxEndpoint = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** What a master is asked to forward; a dynamic one has no `connect`. */
export interface MuxForward {
  readonly kind: 'local' | 'remote' | 'dynamic';
  readonly listen: MuxEndpoint;
  readonly connect?: MuxEndpoint | undefined;
}

/** What goes to a master over its control socket (OpenSSH PROTOCOL.mux, version 4). */
export type MuxRequest =
  | { readonly type: 'hello' }
  | { readonly type: 'alive'; readonly id: number }
  | { readonly type: 'terminate'; readonly id: number }
  | { readonly type: 'open-forward'; readonly id: number; readonly forward: MuxForward }
  | { readonly type: 'close-forward'; readonly id: number; readonly forward: MuxForward }
  | { readonly type: 'proxy'; readonly id: number };

/** What comes back. */
export type MuxReply =
  | { readonly type: 'hello'; readonly version: number }
  | { readonly type: 'ok'; readonly id: number }
  | { readonly type: 'denied'; readonly id: number; readonly reason: string }
  | { readonly type: 'failure'; readonly id: number; readonly reason: string }
  | { readonly type: 'alive'; readonly id: number; readonly pid: number }
  | { readonly type: 'remote-port'; readonly id: number; readonly port: number }
  | { readonly type: 'proxy'; readonly id: number }
  | { readonly type: 'other'; readonly code: number };

const REQUEST = {
  hello: 0x1,
  alive: 0x10000004,
  terminate: 0x10000005,
  'open-forward': 0x10000006,
  'close-forward': 0x10000007,
  proxy: 0x1000000f,
} as const;
const REPLY = {
  hello: 0x1,
  ok: 0x80000001,
  denied: 0x80000002,
  failure: 0x80000003,
  alive: 0x80000005,
  'remote-port': 0x80000007,
  proxy: 0x8000000f,
} as const;
const FORWARD_KIND = { local: 1, remote: 2, dynamic: 3 } as const;

/** The bytes of a request, with its length in front. */
export function encodeRequest(request: MuxRequest): Buffer {
  const fields: (number | string)[] = [REQUEST[request.type]];
  if (request.type === 'hello') fields.push(VERSION);
  else fields.push(request.id);
  if ('forward' in request) {
    const { kind, listen, connect } = request.forward;
    fields.push(FORWARD_KIND[kind], ...endpointFields(listen));
    fields.push(...(connect === undefined ? SOCKS : endpointFields(connect)));
  }
  return frame(fields);
}

/** The bytes of a reply, with its length in front: what a master sends. */
export function encodeReply(reply: Exclude<MuxReply, { type: 'other' }>): Buffer {
  const code = REPLY[reply.type];
  if (reply.type === 'hello') return frame([code, reply.version]);
  if (reply.type === 'alive') return frame([code, reply.id, reply.pid]);
  if (reply.type === 'remote-port') return frame([code, reply.id, reply.port]);
  return frame('reason' in reply ? [code, reply.id, reply.reason] : [code, reply.id]);
}

/** Takes replies out of what has arrived. Pure: the same bytes, however cut, give the same replies. */
export class MuxReplyReader {
  #pending: Buffer = Buffer.alloc(0);

  /** Bytes behind the last whole reply: after a `proxy` reply they belong to the connection. */
  get rest(): Buffer {
    return this.#pending;
  }

  /** @throws RangeError for a message that is no message */
  read(chunk: Uint8Array): MuxReply[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const replies: MuxReply[] = [];
    for (;;) {
      if (this.#pending.length < 4) return replies;
      const length = this.#pending.readUInt32BE(0);
      if (length < 4 || length > MAX_MESSAGE_BYTES)
        throw new RangeError(`a control message of ${length} bytes`);
      if (this.#pending.length < 4 + length) return replies;
      const reply = decodeReply(this.#pending.subarray(4, 4 + length));
      this.#pending = this.#pending.subarray(4 + length);
      replies.push(reply);
      if (reply.type === 'proxy') return replies;
    }
  }
}

function decodeReply(body: Buffer): MuxReply {
  const code = body.readUInt32BE(0);
  const number = (offset: number) => body.readUInt32BE(offset);
  switch (code) {
    case REPLY.hello:
      return { type: 'hello', version: number(4) };
    case REPLY.ok:
      return { type: 'ok', id: number(4) };
    case REPLY.denied:
      return { type: 'denied', id: number(4), reason: text(body, 8) };
    case REPLY.failure:
      return { type: 'failure', id: number(4), reason: text(body, 8) };
    case REPLY.alive:
      return { type: 'alive', id: number(4), pid: number(8) };
    case REPLY['remote-port']:
      return { type: 'remote-port', id: number(4), port: number(8) };
    case REPLY.proxy:
      return { type: 'proxy', id: number(4) };
    default:
      return { type: 'other', code };
  }
}

function text(body: Buffer, offset: number): string {
  const length = body.readUInt32BE(offset);
  if (offset + 4 + length > body.length)
    throw new RangeError('a control message ends in the middle of a string');
  return body.toString('utf8', offset + 4, offset + 4 + length);
}

function endpointFields(endpoint: MuxEndpoint): (number | string)[] {
  return 'socketPath' in endpoint ? [endpoint.socketPath, STREAM_LOCAL_PORT] : [endpoint.host, endpoint.port];
}

function frame(fields: readonly (number | string)[]): Buffer {
  const parts = fields.map((field) => {
    if (typeof field === 'number') return uint32(field);
    const bytes = Buffer.from(field);
    return Buffer.concat([uint32(bytes.length), bytes]);
  });
  const body = Buffer.concat(parts);
  return Buffer.concat([uint32(body.length), body]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
