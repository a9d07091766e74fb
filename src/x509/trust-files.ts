import type { BigIntStats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError, quote } from '../kit/index.ts';

/** Entries of a trust directory that are looked at; the largest grid distributions have about two thousand. */
const MAX_TRUST_FILES = 20_000;

/** A file of a trust directory, before it is read. */
export interface TrustFileEntry {
  readonly name: string;
  /** Changes when the file does: inode, size and times. */
  readonly version: string;
  readonly size: number;
  readonly mode: number;
}

/** Regular files (links followed) whose names pass `isWanted`, sorted by name. */
export async function listTrustFiles(
  directory: string,
  isWanted: (name: string) => boolean,
): Promise<TrustFileEntry[]> {
  const names = (await readdir(directory)).filter(isWanted).sort();
  if (names.length > MAX_TRUST_FILES) {
    throw new LatchkeyError(
      'x509/trust-missing',
      `the trust directory ${quote(directory)} has ${names.length} files, where ${MAX_TRUST_FILES} are the limit`,
    );
  }
  const entries: TrustFileEntry[] = [];
  // In small groups: the thread pool has other work to do.
  for (let from = 0; from < names.length; from += 8) {
    const group = names.slice(from, from + 8).map(async (name) => {
      const found = await stat(join(directory, name), { bigint: true }).catch(() => undefined);
      return found?.isFile() ? entryOf(name, found) : undefined;
    });
    for (const entry of await Promise.all(group)) if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function entryOf(name: string, found: BigIntStats): TrustFileEntry {
  const version = `${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
  return { name, version, size: Number(found.size), mode: Number(found.mode) };
}

/** Reads at most `maxBytes` of a file; undefined when there are more. */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > maxBytes) return undefined;
    const contents = await file.readFile();
    return contents.length > maxBytes ? undefined : contents;
  } finally {
    await file.close();
  }
}

/**
 * The files that a server sends as its trust roots (`cert_dir`): regular, world-readable, not empty (an empty one stops
 * the C client), without a comma in the name (the list on the wire is comma-separated).
 *
 * @param maxTotalBytes files beyond this many bytes are left out; default 64 MiB
 * @throws LatchkeyError `x509/trust-missing` when the directory cannot be read
 */
export async function readTrustFiles(
  directory: string,
  maxTotalBytes = 64 << 20,
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let left = maxTotalBytes;
  try {
    for (const entry of await listTrustFiles(directory, (name) => !name.includes(','))) {
      if (entry.size === 0 || entry.size > left || (entry.mode & 0o004) === 0) continue;
      const contents = await readBounded(join(directory, entry.name), left).catch(() => undefined);
      if (contents === undefined || contents.length === 0) continue;
      files.set(entry.name, contents);
      left -= contents.length;
    }
  } catch (cause) {
    throw trustMissing(directory, cause);
  }
  return files;
}

export function trustMissing(directory: string, cause: unknown): LatchkeyError {
  if (cause instanceof LatchkeyError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LatchkeyError(
    'x509/trust-missing',
    `cannot read the trust directory ${quote(directory)}: ${reason}`,
    {
      cause,
      hint: 'set X509_CERT_DIR to a directory of CA certificates, or fetch one with "myproxy-get-trustroots -b"',
    },
  );
}
