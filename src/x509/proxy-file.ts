import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { LatchkeyError, writeFileAtomic } from '../kit/index.ts';
import { type Credential, formatCredential, parseCredential } from './credential.ts';

const MAX_PROXY_FILE_BYTES = 1 << 20;

/** Where the user's proxy lives: `X509_USER_PROXY`, else `/tmp/x509up_u<uid>`. */
export function defaultProxyPath(env: NodeJS.ProcessEnv = process.env, uid: number = ownUid()): string {
  return env.X509_USER_PROXY || `/tmp/x509up_u${uid}`;
}

/**
 * Reads a proxy file: at most 1 MiB, a regular file of this user that nobody else may read or write. A symbolic link
 * is followed only when it belongs to this user or root.
 *
 * @param path default {@link defaultProxyPath}; root may name other users' files here
 * @throws LatchkeyError `x509/credential-missing` when there is none, `file/unsafe`, `file/io`, and what {@link parseCredential} throws
 */
export async function readProxyFile(path?: string): Promise<Credential> {
  const where = path ?? defaultProxyPath();
  const pem = await readPrivateFile(where, { othersAllowed: path !== undefined && ownUid() === 0 });
  return parseCredential(pem);
}

/**
 * Writes a proxy file, 0600, atomically: a new file takes the name of the old one, so that a link that was planted there is
 * replaced and not followed. The key in it is not encrypted.
 *
 * @param path default {@link defaultProxyPath}
 * @returns the path
 * @throws LatchkeyError `file/unsafe` when something other than a file has that name, `file/io`
 */
export async function writeProxyFile(
  credential: Credential,
  path: string = defaultProxyPath(),
): Promise<string> {
  const old = await lstat(path).catch(() => undefined);
  if (old !== undefined && !old.isFile() && !old.isSymbolicLink()) {
    throw new LatchkeyError(
      'file/unsafe',
      `"${path}" is neither a file nor a link, and is not replaced by a proxy`,
    );
  }
  const pem = formatCredential(credential);
  try {
    await writeFileAtomic(path, pem.reveal(), 0o600);
  } finally {
    pem.wipe();
  }
  return path;
}

/**
 * Reads a file with a private key in it, after the checks that {@link readProxyFile} describes.
 *
 * @throws LatchkeyError `x509/credential-missing`, `file/unsafe`, `file/io`
 */
export async function readPrivateFile(path: string, { othersAllowed = false } = {}): Promise<string> {
  const file = await openChecked(path);
  try {
    const stats = await file.stat();
    checkStats(path, stats, othersAllowed);
    return await file.readFile('utf8');
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    throw ioError(path, cause);
  } finally {
    await file.close();
  }
}

/** Opens without following a link at the end of the path, unless the link is this user's or root's. */
async function openChecked(path: string): Promise<FileHandle> {
  // O_NONBLOCK: a pipe in this place must not make us wait for its writer.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  try {
    return await open(path, flags | constants.O_NOFOLLOW);
  } catch (cause) {
    if (errorCode(cause) !== 'ELOOP') throw ioError(path, cause);
  }
  try {
    const link = await lstat(path);
    if (link.uid !== 0 && link.uid !== ownUid()) {
      throw unsafe(path, `is a symbolic link of another user (uid ${link.uid})`);
    }
    return await open(path, flags);
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    throw ioError(path, cause);
  }
}

function checkStats(path: string, stats: Stats, othersAllowed: boolean): void {
  if (!stats.isFile()) throw unsafe(path, 'is not a regular file');
  if (stats.uid !== ownUid() && !othersAllowed)
    throw unsafe(path, `belongs to another user (uid ${stats.uid})`);
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw new LatchkeyError(
      'file/unsafe',
      `"${path}" holds a private key and others may use it (mode ${mode})`,
      {
        hint: `chmod 600 ${path}`,
      },
    );
  }
  if (stats.size > MAX_PROXY_FILE_BYTES) throw unsafe(path, `is longer than ${MAX_PROXY_FILE_BYTES} bytes`);
}

function unsafe(path: string, problem: string): LatchkeyError {
  return new LatchkeyError('file/unsafe', `"${path}" ${problem}`);
}

function ioError(path: string, cause: unknown): LatchkeyError {
  if (errorCode(cause) === 'ENOENT') {
    return new LatchkeyError('x509/credential-missing', `there is no credential at "${path}"`, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LatchkeyError('file/io', `cannot read "${path}": ${reason}`, { cause });
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function ownUid(): number {
  return process.geteuid?.() ?? 0;
}
