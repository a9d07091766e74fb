import type { RemoteStatus } from '../remote-files.ts';
import { type Field, type FieldReader, uint32, uint64 } from './fields.ts';

const SIZE = 0x1;
const OWNER = 0x2;
const PERMISSIONS = 0x4;
const TIMES = 0x8;
const EXTENDED = 0x80000000;

/** ATTRS of draft-ietf-secsh-filexfer-02 §5; what a server does not tell is absent. */
export interface Attributes {
  readonly size?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Type and permission bits, as of `st_mode`. */
  readonly permissions?: number;
  /** Seconds since 1970. */
  readonly times?: { readonly accessed: number; readonly modified: number };
}

export function encodeAttributes({ size, owner, permissions, times }: Attributes): Field {
  const flags =
    (size === undefined ? 0 : SIZE) |
    (owner === undefined ? 0 : OWNER) |
    (permissions === undefined ? 0 : PERMISSIONS) |
    (times === undefined ? 0 : TIMES);
  const fields = [uint32(flags)];
  if (size !== undefined) fields.push(uint64(size));
  if (owner !== undefined) fields.push(uint32(owner.uid), uint32(owner.gid));
  if (permissions !== undefined) fields.push(uint32(permissions));
  if (times !== undefined) fields.push(uint32(times.accessed), uint32(times.modified));
  return Buffer.concat(fields);
}

export function readAttributes(reader: FieldReader): Attributes {
  const flags = reader.uint32();
  const attributes: Attributes = {
    ...(flags & SIZE ? { size: reader.uint64() } : {}),
    ...(flags & OWNER ? { owner: { uid: reader.uint32(), gid: reader.uint32() } } : {}),
    ...(flags & PERMISSIONS ? { permissions: reader.uint32() } : {}),
    ...(flags & TIMES ? { times: { accessed: reader.uint32(), modified: reader.uint32() } } : {}),
  };
  if (flags & EXTENDED) {
    // Each takes eight bytes at least, so that a false count ends soon.
    for (let count = reader.uint32(); count > 0; count -= 1) {
      reader.string();
      reader.string();
    }
  }
  return attributes;
}

/** `S_IFREG`, `S_IFDIR` and `S_IFLNK` of POSIX. */
const KIND_OF_TYPE: ReadonlyMap<number, RemoteStatus['kind']> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'link'],
]);

/** The kind that the type bits tell; a server that tells none has plain files, as far as anybody knows. */
export function kindOf({ permissions = 0o100000 }: Attributes): RemoteStatus['kind'] {
  return KIND_OF_TYPE.get(permissions & 0o170000) ?? 'other';
}

export function statusOf(attributes: Attributes): RemoteStatus {
  return {
    kind: kindOf(attributes),
    size: attributes.size ?? 0,
    mode: (attributes.permissions ?? 0) & 0o7777,
    modifiedAt: new Date((attributes.times?.modified ?? 0) * 1000),
  };
}
