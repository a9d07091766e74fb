import { quote } from '../../kit/index.ts';
import { type Attributes, readAttributes } from './attributes.ts';
import { type Field, FieldReader, malformed, uint32 } from './fields.ts';

/** The longest packet that OpenSSH's server sends or takes, without its length. */
export const MAX_PACKET_BYTES = 256 * 1024;

/** Requests by their numbers (draft-ietf-secsh-filexfer-02 §3). */
export const REQUEST = {
  init: 1,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  extended: 200,
} as const;

const REPLY = {
  version: 2,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 201,
} as const;

/** `SSH_FX_…` of §7. */
export const STATUS = {
  ok: 0,
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  unsupported: 8,
} as const;

/** `SSH_FXF_…` of §6.3. */
export const OPEN = { read: 0x1, write: 0x2, create: 0x8, truncate: 0x10, exclusive: 0x20 } as const;

/** One entry of a directory. */
export interface Entry {
  /** Bytes, for not every name is UTF-8. */
  readonly name: Buffer;
  readonly attributes: Attributes;
}

/** What a server answers. */
export type Reply =
  | { readonly kind: 'status'; readonly code: number; readonly message: string }
  /** `SSH_FX_EOF`: nothing more to read. Each file and directory ends with it, and no error is made of that. */
  | { readonly kind: 'end' }
  | { readonly kind: 'handle'; readonly handle: Buffer }
  /** In the pieces that it arrived in, for joining them costs as much as reading them. */
  | { readonly kind: 'data'; readonly pieces: readonly Buffer[]; readonly length: number }
  | { readonly kind: 'names'; readonly entries: readonly Entry[] }
  | { readonly kind: 'attributes'; readonly attributes: Attributes }
  | { readonly kind: 'extended'; readonly body: Buffer };

/** A request with its length; for `init` the id is the version. */
export function encodeRequest(type: number, id: number, fields: readonly Field[]): Buffer {
  const body = Buffer.concat([Buffer.of(type), uint32(id), ...fields]);
  return Buffer.concat([uint32(body.length), body]);
}

/** A WRITE request up to its `length` bytes of data, which are sent after it, so that they are never copied. */
export function encodeWriteHeader(id: number, handle: Buffer, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(4 + 1 + 4 + 4 + handle.length + 8 + 4);
  bytes.writeUInt32BE(bytes.length - 4 + length, 0);
  bytes.writeUInt8(REQUEST.write, 4);
  bytes.writeUInt32BE(id, 5);
  bytes.writeUInt32BE(handle.length, 9);
  handle.copy(bytes, 13);
  bytes.writeBigUInt64BE(BigInt(offset), 13 + handle.length);
  bytes.writeUInt32BE(length, 21 + handle.length);
  return bytes;
}

/** One packet without its length, in the pieces that it arrived in. */
export type Packet = readonly Buffer[];

/** Reads the server's first packet: its version and the extensions it offers. */
export function parseVersion(packet: Packet): {
  readonly version: number;
  readonly extensions: ReadonlyMap<string, string>;
} {
  const reader = new FieldReader(joined(packet));
  const type = reader.byte();
  if (type !== REPLY.version) throw malformed(`a packet of type ${type} where its version was expected`);
  const version = reader.uint32();
  const extensions = new Map<string, string>();
  while (reader.left > 0) extensions.set(reader.text(), reader.text());
  return { version, extensions };
}

/** Reads an answer and the id of the request that it is for. */
export function parseReply(packet: Packet): { readonly id: number; readonly reply: Reply } {
  if (packet[0]?.[0] === REPLY.data) return parseData(packet);
  const reader = new FieldReader(joined(packet));
  const type = reader.byte();
  const id = reader.uint32();
  switch (type) {
    case REPLY.status: {
      const code = reader.uint32();
      // Old servers leave the words out.
      const message = reader.left > 0 ? reader.text() : '';
      return { id, reply: code === STATUS.eof ? { kind: 'end' } : { kind: 'status', code, message } };
    }
    case REPLY.handle: {
      const handle = reader.string();
      if (handle.length > 256) throw malformed(`a handle of ${handle.length} bytes`);
      // A copy: it outlives the packet.
      return { id, reply: { kind: 'handle', handle: Buffer.from(handle) } };
    }
    case REPLY.name: {
      const entries: Entry[] = [];
      // Each takes twelve bytes at least, so that a false count ends soon.
      for (let count = reader.uint32(); count > 0; count -= 1) {
        const name = Buffer.from(reader.string());
        reader.string();
        entries.push({ name, attributes: readAttributes(reader) });
      }
      return { id, reply: { kind: 'names', entries } };
    }
    case REPLY.attrs:
      return { id, reply: { kind: 'attributes', attributes: readAttributes(reader) } };
    case REPLY.extended:
      return { id, reply: { kind: 'extended', body: reader.rest() } };
    default:
      throw malformed(`a packet of the unknown type ${type}`);
  }
}

/** Type, id and length of the data, before the data. */
const DATA_HEADER_BYTES = 1 + 4 + 4;

function parseData(packet: Packet): { readonly id: number; readonly reply: Reply } {
  const [first = Buffer.alloc(0), ...others] = packet;
  if (first.length < DATA_HEADER_BYTES && others.length > 0) return parseData([Buffer.concat(packet)]);
  const reader = new FieldReader(first);
  reader.byte();
  const id = reader.uint32();
  const length = reader.uint32();
  const pieces = [first.subarray(DATA_HEADER_BYTES), ...others].filter((piece) => piece.length > 0);
  if (sizeOf(pieces) !== length) throw malformed('a packet whose data ends in the middle of a field');
  return { id, reply: { kind: 'data', pieces, length } };
}

function joined([first = Buffer.alloc(0), ...others]: Packet): Buffer {
  return others.length === 0 ? first : Buffer.concat([first, ...others]);
}

function sizeOf(pieces: Packet): number {
  return pieces.reduce((size, { length }) => size + length, 0);
}

/** Cuts what arrives into packets, whatever pieces it arrives in; keeps one packet at most. */
export class PacketCutter {
  #pieces: Buffer[] = [];
  #size = 0;
  #isFirst = true;

  /** Takes a piece and gives the packets that are whole now. */
  *push(piece: Buffer): Generator<Packet> {
    this.#pieces.push(piece);
    this.#size += piece.length;
    for (;;) {
      if (this.#size < 4) return;
      if ((this.#pieces[0]?.length ?? 0) < 4) this.#pieces = [Buffer.concat(this.#pieces)];
      const length = this.#pieces[0]?.readUInt32BE() ?? 0;
      if (length < 5 || length > MAX_PACKET_BYTES + 1024) throw this.#notAPacket(length);
      if (this.#size < 4 + length) return;
      const packet = this.#take(4 + length);
      this.#isFirst = false;
      const [first = piece, ...others] = packet;
      yield first.length > 4 ? [first.subarray(4), ...others] : others;
    }
  }

  #take(bytes: number): Buffer[] {
    const taken: Buffer[] = [];
    let left = bytes;
    let n = 0;
    for (; left > 0; n += 1) {
      const piece = this.#pieces[n] ?? Buffer.alloc(left);
      taken.push(piece.subarray(0, left));
      if (piece.length > left) {
        this.#pieces[n] = piece.subarray(left);
        break;
      }
      left -= piece.length;
    }
    this.#pieces = this.#pieces.slice(n);
    this.#size -= bytes;
    return taken;
  }

  #notAPacket(length: number) {
    const text = Buffer.concat(this.#pieces).toString('latin1', 0, 80);
    if (this.#isFirst && /^[\s!-~]{4}/.test(text))
      return malformed(
        `text instead of packets: ${quote(text)}`,
        'a start-up file of the login shell there prints something; it must be silent when nobody looks',
      );
    return malformed(`a packet of ${length} bytes`);
  }
}
