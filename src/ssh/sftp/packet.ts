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
  | { readonly kind: 'handle'; readonly handle: Buffer }
  | { readonly kind: 'data'; readonly data: Buffer }
  | { readonly kind: 'names'; readonly entries: readonly Entry[] }
  | { readonly kind: 'attributes'; readonly attributes: Attributes }
  | { readonly kind: 'extended'; readonly body: Buffer };

/** A request with its length; for `init` the id is the version. */
export function encodeRequest(type: number, id: number, fields: readonly Field[]): Buffer {
  const body = Buffer.concat([Buffer.of(type), uint32(id), ...fields]);
  return Buffer.concat([uint32(body.length), body]);
}

/** Bytes before the data in a WRITE request. */
export function writeHeaderBytes(handle: Buffer): number {
  return 4 + 1 + 4 + 4 + handle.length + 8 + 4;
}

/**
 * Puts the header of a WRITE request before `length` bytes of data that are in `packet` already, at
 * {@link writeHeaderBytes}; returns the part of `packet` to be sent. So that data is never copied.
 */
export function encodeWrite(
  packet: Buffer,
  id: number,
  handle: Buffer,
  offset: number,
  length: number,
): Buffer {
  const header = writeHeaderBytes(handle);
  packet.writeUInt32BE(header - 4 + length, 0);
  packet.writeUInt8(REQUEST.write, 4);
  packet.writeUInt32BE(id, 5);
  packet.writeUInt32BE(handle.length, 9);
  handle.copy(packet, 13);
  packet.writeBigUInt64BE(BigInt(offset), 13 + handle.length);
  packet.writeUInt32BE(length, header - 4);
  return packet.subarray(0, header + length);
}

/** Reads the server's first packet: its version and the extensions it offers. */
export function parseVersion(packet: Buffer): {
  readonly version: number;
  readonly extensions: ReadonlyMap<string, string>;
} {
  const reader = new FieldReader(packet);
  const type = reader.byte();
  if (type !== REPLY.version) throw malformed(`a packet of type ${type} where its version was expected`);
  const version = reader.uint32();
  const extensions = new Map<string, string>();
  while (reader.left > 0) extensions.set(reader.text(), reader.text());
  return { version, extensions };
}

/** Reads an answer and the id of the request that it is for. */
export function parseReply(packet: Buffer): { readonly id: number; readonly reply: Reply } {
  const reader = new FieldReader(packet);
  const type = reader.byte();
  const id = reader.uint32();
  switch (type) {
    case REPLY.status: {
      const code = reader.uint32();
      // Old servers leave the words out.
      const message = reader.left > 0 ? reader.text() : '';
      return { id, reply: { kind: 'status', code, message } };
    }
    case REPLY.handle: {
      const handle = reader.string();
      if (handle.length > 256) throw malformed(`a handle of ${handle.length} bytes`);
      // A copy: it outlives the packet.
      return { id, reply: { kind: 'handle', handle: Buffer.from(handle) } };
    }
    case REPLY.data:
      return { id, reply: { kind: 'data', data: reader.string() } };
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

/** Cuts what arrives into packets, whatever pieces it arrives in; keeps one packet at most. */
export class PacketCutter {
  #pieces: Buffer[] = [];
  #size = 0;
  #isFirst = true;

  /** Takes a piece and gives the packets that are whole now, without their lengths. */
  *push(piece: Buffer): Generator<Buffer> {
    this.#pieces.push(piece);
    this.#size += piece.length;
    for (;;) {
      if (this.#size < 4) return;
      const length = this.#peekLength();
      if (length < 5 || length > MAX_PACKET_BYTES + 1024) throw this.#notAPacket(length);
      if (this.#size < 4 + length) return;
      const all = this.#join();
      this.#pieces = all.length > 4 + length ? [all.subarray(4 + length)] : [];
      this.#size -= 4 + length;
      this.#isFirst = false;
      yield all.subarray(4, 4 + length);
    }
  }

  #peekLength(): number {
    if ((this.#pieces[0]?.length ?? 0) < 4) this.#join();
    return this.#pieces[0]?.readUInt32BE() ?? 0;
  }

  #join(): Buffer {
    const [first, ...others] = this.#pieces;
    if (first !== undefined && others.length === 0) return first;
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }

  #notAPacket(length: number) {
    const text = this.#join().toString('latin1', 0, 80);
    if (this.#isFirst && /^[\s!-~]{4}/.test(text))
      return malformed(
        `text instead of packets: ${quote(text)}`,
        'a start-up file of the login shell there prints something; it must be silent when nobody looks',
      );
    return malformed(`a packet of ${length} bytes`);
  }
}
