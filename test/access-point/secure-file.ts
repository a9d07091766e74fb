import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';

/** Why a daemon of HTCondor refuses a file. */
export class RefusedFile extends Error {}

/** How a file is read where secrets are expected. */
export interface SecureReading {
  /** The owner it must have; `undefined` = anyone. */
  readonly owner?: number | undefined;
  /** Demand that group and others have no bits. */
  readonly private: boolean;
}

const LARGEST = 16 * 1024 * 1024;

/**
 * Reads a file as HTCondor reads secrets: owner and mode are checked on the open file, and a file whose mtime changes
 * while it is read is refused.
 *
 * @throws RefusedFile
 */
export function readSecureFile(path: string, { owner, private: isPrivate }: SecureReading): Buffer {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new RefusedFile(`cannot open ${path}`, { cause });
  }
  try {
    const before = fstatSync(fd, { bigint: true });
    if (!before.isFile()) throw new RefusedFile(`${path} is no regular file`);
    if (owner !== undefined && before.uid !== BigInt(owner)) {
      throw new RefusedFile(`${path} is owned by ${before.uid}, not ${owner}`);
    }
    if (isPrivate && (before.mode & 0o077n) !== 0n) {
      throw new RefusedFile(`${path} is open to group or others: ${(before.mode & 0o777n).toString(8)}`);
    }
    if (before.size > BigInt(LARGEST)) throw new RefusedFile(`${path} is too large`);
    const bytes = Buffer.alloc(Number(before.size));
    const length = bytes.length === 0 ? 0 : readSync(fd, bytes, 0, bytes.length, 0);
    const after = fstatSync(fd, { bigint: true });
    if (after.mtimeNs !== before.mtimeNs || after.size !== before.size || length !== bytes.length) {
      throw new RefusedFile(`${path} changed while it was read`);
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** Owner, group and mode of a new file; ids are set only by root. */
export interface NewFile {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly isRoot: boolean;
}

/** Writes `<path><suffix>` and renames it to `path`, as credd does (`.tmp`). */
export function writeByRename(path: string, data: string | Uint8Array, file: NewFile, suffix = '.tmp'): void {
  const temporary = `${path}${suffix}`;
  rmSync(temporary, { force: true });
  writeInPlace(temporary, data, file);
  renameSync(temporary, path);
}

/** Writes without a rename, as credd writes request files. */
export function writeInPlace(path: string, data: string | Uint8Array, file: NewFile): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, file.mode);
  try {
    fchmodSync(fd, file.mode);
    if (file.isRoot) fchownSync(fd, file.uid, file.gid);
    const bytes = Buffer.from(data);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } finally {
    closeSync(fd);
  }
}
