import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { LatchkeyError, quote, type Secret } from '../../../kit/index.ts';
import type { PyroDict, PyroValue, RemoteObject } from '../../../pyro/index.ts';
import { hashOf, MAX_CHUNK_BYTES } from './read-file.ts';

/** How files go. */
export interface TransferOptions {
  /** The job's key, for a connection that did not allocate it. */
  readonly key?: Secret;
  /** Pieces on their way at the same time; default 8. */
  readonly inFlight?: number;
  /** Called with the bytes that have arrived, and all there are. */
  onProgress?(done: number, total: number): void;
  readonly signal?: AbortSignal;
}

const PIECE_BYTES = 1 << 20;

/**
 * Puts a local file into a job's directory: in pieces, several on their way at a time. Called again after a failure it sends what is
 * missing. The file is there when this resolves, whole and checked by SHA-256.
 *
 * @param path relative to the job's directory
 * @throws RemoteError; LatchkeyError `file/io`, `pyro/lost`
 */
export async function putFile(
  server: RemoteObject,
  jobID: string,
  localFile: string,
  path: string,
  options: TransferOptions = {},
): Promise<void> {
  const call = caller(server, options);
  const file = await open(localFile, constants.O_RDONLY).catch((cause: Error) => {
    throw new LatchkeyError('file/io', `cannot read ${quote(localFile)}: ${cause.message}`, { cause });
  });
  try {
    const { size, mode } = await file.stat();
    const sha256 = await hashOf(file);
    const begun = (await call('beginFile', { jobID, path, size, sha256, mode: mode & 0o777 })) as PyroDict;
    const upload = String(begun.upload);
    const { chunkBytes, missing } = piecesAskedFor(begun, size, path);
    const lengthOf = (chunk: number) => Math.min(chunkBytes, size - chunk * chunkBytes);
    let done = size - missing.reduce((sum, chunk) => sum + lengthOf(chunk), 0);
    await inParallel(missing, options.inFlight ?? 8, async (chunk) => {
      const bytes = await readAt(file, chunk * chunkBytes, lengthOf(chunk));
      await call('writeFile', { jobID, upload, chunk, bytes });
      done += bytes.length;
      options.onProgress?.(done, size);
    });
    await call('finishFile', { jobID, upload });
  } finally {
    await file.close();
  }
}

/**
 * Fetches a file of a job: in pieces, several on their way at a time. The local file is there when this resolves, whole and checked by
 * SHA-256; one that changes meanwhile is an error.
 *
 * @throws RemoteError; LatchkeyError `remote/file` when the checksum is wrong, `file/io`, `pyro/lost`
 */
export async function getFile(
  server: RemoteObject,
  jobID: string,
  path: string,
  localFile: string,
  options: TransferOptions = {},
): Promise<void> {
  const call = caller(server, options);
  const facts = (await call('statFile', { jobID, path })) as PyroDict;
  const [size, tag] = [sizeOf(facts, path), String(facts.tag)];
  // A name that nobody can be waiting under: the directory may be everybody's.
  const part = `${localFile}.${randomBytes(6).toString('hex')}.part`;
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    let done = 0;
    await inParallel(pieceOffsets(size), options.inFlight ?? 8, async (offset) => {
      const bytes = await call('readFile', { jobID, path, offset, length: PIECE_BYTES, tag });
      const expected = Math.min(PIECE_BYTES, size - offset);
      if (!(bytes instanceof Uint8Array) || bytes.length !== expected)
        throw untrue(`${quote(path)} has ${size} bytes, and no ${expected} of them at ${offset}`);
      await file.write(bytes, 0, bytes.length, offset);
      done += bytes.length;
      options.onProgress?.(done, size);
    });
    const expected = await call('hashFile', { jobID, path });
    if ((await hashOf(file)) !== expected)
      throw new LatchkeyError('remote/file', `${quote(path)} did not arrive as it is`, {
        hint: 'fetch it again when nothing writes to it',
        retryable: true,
      });
    // What is fetched is never more open than the far side has it, and never runs as somebody else.
    await file.chmod(Number(facts.mode) & 0o755);
    await file.sync();
    await file.close();
    await rename(part, localFile);
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(part).catch(() => {});
    throw error;
  }
}

function caller(server: RemoteObject, { key, signal }: TransferOptions) {
  return (method: string, kwargs: { readonly [name: string]: unknown }) =>
    server.call(method, [], {
      kwargs: { ...kwargs, ...(key === undefined ? {} : { key: key.revealText() }) },
      safe: method !== 'finishFile',
      ...(signal === undefined ? {} : { signal }),
    });
}

/** The size that a server says a file has. It may say anything: nothing is made of that size before its bytes have come. */
function sizeOf(facts: PyroDict, path: string): number {
  const size = Number(facts?.size);
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw untrue(`${quote(path)} has a size that none can have`);
}

function* pieceOffsets(size: number): Iterable<number> {
  for (let offset = 0; offset < size; offset += PIECE_BYTES) yield offset;
}

/** Which pieces a server wants, as far as the file has them. */
function piecesAskedFor(begun: PyroDict, size: number, path: string) {
  const chunkBytes = Number(begun?.chunkBytes);
  const missing = Array.isArray(begun?.missing) ? (begun.missing as readonly PyroValue[]).map(Number) : [-1];
  const isPiece = (chunk: number) =>
    Number.isSafeInteger(chunk) && chunk >= 0 && chunk * chunkBytes < Math.max(size, 1);
  if (chunkBytes >= 1 && chunkBytes <= MAX_CHUNK_BYTES && missing.every(isPiece))
    return { chunkBytes, missing };
  throw untrue(`it wants pieces of ${quote(path)} that a file of ${size} bytes does not have`);
}

function untrue(what: string): LatchkeyError {
  return new LatchkeyError('remote/file', `the model server contradicts itself: ${what}`, {
    hint: 'is it a model server of ours?',
  });
}

/** The first failure ends it, when those that run have ended. */
async function inParallel<T>(
  items: Iterable<T>,
  count: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const next = () => (failure === undefined ? queue.next() : { done: true as const, value: undefined });
  let failure: { readonly error: unknown } | undefined;
  await Promise.all(
    Array.from({ length: Math.max(1, count) }, async () => {
      for (let item = next(); item.done !== true; item = next()) {
        try {
          await act(item.value);
        } catch (error) {
          failure ??= { error };
        }
      }
    }),
  );
  if (failure !== undefined) throw failure.error;
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  return buffer.subarray(0, bytesRead);
}
