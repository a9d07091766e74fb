import { type Attributes, encodeAttributes } from './attributes.ts';
import { type SftpChannel, StatusFailure } from './channel.ts';
import { FieldReader, malformed, string, uint32, uint64 } from './fields.ts';
import {
  type Entry,
  encodeWriteHeader,
  MAX_PACKET_BYTES,
  OPEN,
  REQUEST,
  type Reply,
  STATUS,
} from './packet.ts';

/** A path as text, or as the bytes that a server listed. */
export type Path = string | Buffer;

/** Part of a file, in the pieces that it arrived in. */
export interface Data {
  readonly pieces: readonly Buffer[];
  readonly length: number;
}

/** Bytes of one read or write when the server does not tell its limits: what every server takes. */
const PLAIN_CHUNK_BYTES = 32_768;

/** The calls of an sftp server, each one request. What a server cannot do rejects with {@link StatusFailure} 8. */
export interface SftpCalls {
  /** Most bytes of one read and of one write. */
  readonly readBytes: number;
  readonly writeBytes: number;
  /** Opens for reading, for writing what exists, or a new file (`create`) that must not exist (`new`). */
  open(
    path: Path,
    how: 'read' | 'write' | 'create' | 'new',
    mode?: number,
    signal?: AbortSignal,
  ): Promise<Buffer>;
  openDirectory(path: Path): Promise<Buffer>;
  close(handle: Buffer): Promise<void>;
  /** Undefined at the end. Less than `length` does not mean the end. */
  read(handle: Buffer, offset: number, length: number, signal?: AbortSignal): Promise<Data | undefined>;
  /** The bytes must stay as they are until the answer. */
  write(handle: Buffer, offset: number, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Undefined at the end. */
  readDirectory(handle: Buffer): Promise<readonly Entry[] | undefined>;
  status(path: Path, options: { readonly followLinks: boolean }): Promise<Attributes>;
  statusOfHandle(handle: Buffer): Promise<Attributes>;
  change(handle: Buffer, attributes: Attributes): Promise<void>;
  changePath(path: Path, attributes: Attributes): Promise<void>;
  makeDirectory(path: Path, mode: number): Promise<void>;
  removeFile(path: Path): Promise<void>;
  removeDirectory(path: Path): Promise<void>;
  realPath(path: Path): Promise<string>;
  /** Replaces what is there: with `posix-rename@openssh.com` at once, else by removing it first. */
  rename(from: Path, to: Path): Promise<void>;
  /** Makes it durable, where the server offers `fsync@openssh.com`. */
  sync(handle: Buffer): Promise<void>;
  /** Bytes and names that are left on a file system, where the server offers `statvfs@openssh.com`. */
  room(path: Path): Promise<{ readonly bytes: number; readonly names: number } | undefined>;
}

/** Learns what the server can and gives its calls. */
export async function sftpCalls(channel: SftpChannel): Promise<SftpCalls> {
  const offers = (name: string, version: string) => channel.extensions.get(name) === version;
  const { readBytes, writeBytes } = await limits(channel, offers('limits@openssh.com', '1'));
  const handleOf = (reply: Reply) => (reply.kind === 'handle' ? reply.handle : unexpected(reply));
  const attributesOf = (reply: Reply) => (reply.kind === 'attributes' ? reply.attributes : unexpected(reply));
  const done = async (type: number, ...fields: Buffer[]): Promise<void> => {
    const reply = await channel.request(type, fields);
    if (reply.kind !== 'status') unexpected(reply);
  };
  return {
    readBytes,
    writeBytes,
    open: async (path, how, mode = 0o600, signal) => {
      const attributes = how === 'create' || how === 'new' ? { permissions: mode } : {};
      const fields = [string(path), uint32(OPEN_FLAGS[how]), encodeAttributes(attributes)];
      return handleOf(await channel.request(REQUEST.open, fields, signal));
    },
    openDirectory: async (path) => handleOf(await channel.request(REQUEST.opendir, [string(path)])),
    close: (handle) => done(REQUEST.close, string(handle)),
    read: async (handle, offset, length, signal) => {
      const fields = [string(handle), uint64(offset), uint32(length)];
      const reply = await channel.request(REQUEST.read, fields, signal);
      if (reply.kind === 'end') return undefined;
      if (reply.kind !== 'data') return unexpected(reply);
      if (reply.length > length) throw malformed(`${reply.length} bytes where ${length} were asked for`);
      return reply.length === 0 ? undefined : reply;
    },
    write: async (handle, offset, bytes, signal) => {
      const packet = (id: number) => [encodeWriteHeader(id, handle, offset, bytes.length), bytes];
      const reply = await channel.send(packet, signal);
      if (reply.kind !== 'status') unexpected(reply);
    },
    readDirectory: async (handle) => {
      const reply = await channel.request(REQUEST.readdir, [string(handle)]);
      if (reply.kind === 'end') return undefined;
      return reply.kind === 'names' ? reply.entries : unexpected(reply);
    },
    status: async (path, { followLinks }) =>
      attributesOf(await channel.request(followLinks ? REQUEST.stat : REQUEST.lstat, [string(path)])),
    statusOfHandle: async (handle) => attributesOf(await channel.request(REQUEST.fstat, [string(handle)])),
    change: (handle, attributes) => done(REQUEST.fsetstat, string(handle), encodeAttributes(attributes)),
    changePath: (path, attributes) => done(REQUEST.setstat, string(path), encodeAttributes(attributes)),
    makeDirectory: (path, mode) => done(REQUEST.mkdir, string(path), encodeAttributes({ permissions: mode })),
    removeFile: (path) => done(REQUEST.remove, string(path)),
    removeDirectory: (path) => done(REQUEST.rmdir, string(path)),
    realPath: async (path) => {
      const reply = await channel.request(REQUEST.realpath, [string(path)]);
      if (reply.kind !== 'names') return unexpected(reply);
      const [entry] = reply.entries;
      if (entry === undefined) throw malformed('no name where one was asked for');
      return entry.name.toString('utf8');
    },
    rename: async (from, to) => {
      if (offers('posix-rename@openssh.com', '1'))
        return done(REQUEST.extended, string('posix-rename@openssh.com'), string(from), string(to));
      try {
        await done(REQUEST.rename, string(from), string(to));
      } catch (error) {
        // Version 3 does not rename onto a file.
        if (!(error instanceof StatusFailure)) throw error;
        await channel.request(REQUEST.lstat, [string(from)]);
        await done(REQUEST.remove, string(to)).catch(() => {
          throw error;
        });
        await done(REQUEST.rename, string(from), string(to));
      }
    },
    sync: async (handle) => {
      if (offers('fsync@openssh.com', '1'))
        await done(REQUEST.extended, string('fsync@openssh.com'), string(handle));
    },
    room: async (path) => {
      if (!offers('statvfs@openssh.com', '2')) return undefined;
      const reply = await channel.extended('statvfs@openssh.com', [string(path)]);
      if (reply.kind !== 'extended') return unexpected(reply);
      const reader = new FieldReader(reply.body);
      const [, fragment, , , available, , , names] = Array.from({ length: 8 }, () => reader.uint64());
      return { bytes: (fragment ?? 0) * (available ?? 0), names: names ?? 0 };
    },
  };
}

const OPEN_FLAGS = {
  read: OPEN.read,
  write: OPEN.write,
  create: OPEN.write | OPEN.create,
  new: OPEN.write | OPEN.create | OPEN.exclusive,
} as const;

/** `limits@openssh.com`: what one read and one write may hold. */
async function limits(channel: SftpChannel, isOffered: boolean) {
  if (!isOffered) return { readBytes: PLAIN_CHUNK_BYTES, writeBytes: PLAIN_CHUNK_BYTES };
  const reply = await channel.extended('limits@openssh.com', []);
  if (reply.kind !== 'extended') return unexpected(reply);
  const reader = new FieldReader(reply.body);
  const most = Math.min(reader.uint64(), MAX_PACKET_BYTES) - 1024;
  // Zero means that there is no limit of that kind.
  const bounded = (limit: number) => Math.max(1024, Math.min(limit === 0 ? most : limit, most));
  return { readBytes: bounded(reader.uint64()), writeBytes: bounded(reader.uint64()) };
}

function unexpected(reply: Reply): never {
  if (reply.kind === 'end') throw new StatusFailure(STATUS.eof, 'end of file');
  throw malformed(`an answer of the kind "${reply.kind}", which does not belong to the request`);
}
