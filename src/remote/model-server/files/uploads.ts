import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { LatchkeyError, quote } from '../../../kit/index.ts';
import { type ConfinedPlace, confinedParts, fileError, openConfined } from './confined-path.ts';
import { hashOf } from './read-file.ts';

/** What a client is about to put. */
export interface UploadRequest {
  /** Whose: the job's id. */
  readonly job: string;
  /** The job's directory for files. */
  readonly root: string;
  readonly path: string;
  readonly size: number;
  /** Of the whole file, in hexadecimal digits. */
  readonly sha256: string;
  /** Permission bits; only those of ordinary files. */
  readonly mode: number;
  /** Takes it from here to the machine of the job, when that is another. */
  readonly deliver?: ((localFile: string, path: string, mode: number) => Promise<void>) | undefined;
}

/** What is left to be sent. */
export interface UploadState {
  readonly upload: string;
  readonly chunkBytes: number;
  /** Numbers of the pieces that are not there. */
  readonly missing: readonly number[];
}

interface Upload {
  readonly request: UploadRequest;
  readonly place: ConfinedPlace;
  readonly partName: string;
  readonly file: FileHandle;
  readonly missing: Set<number>;
  writing: number;
  lastUse: number;
}

const CHUNK_BYTES = 1 << 20;
const MAX_CHUNKS = 1 << 16;
/** Of one job: whoever has it cannot keep others from theirs. */
const MAX_UPLOADS = 64;
const IDLE_MS = 600_000;

/**
 * Files on their way into jobs' directories: piece by piece, in any order, several at a time. Begun again, one goes on with what is
 * missing. Nothing is under the file's own name before all of it is there and its checksum is right.
 */
export class Uploads {
  readonly #uploads = new Map<string, Upload>();
  /** Those that are being begun: who begins the same one waits for it. */
  readonly #beginning = new Map<string, Promise<Upload>>();
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws LatchkeyError `remote/file` */
  async begin(request: UploadRequest, now: number): Promise<UploadState> {
    const { job, path, size, sha256 } = request;
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError('sha256 must be 64 hexadecimal digits');
    if (size > this.#maxBytes)
      throw new LatchkeyError(
        'remote/file',
        `${quote(path)} has ${size} bytes; a file may have ${this.#maxBytes}`,
        {
          hint: 'max_file_bytes in [models] says so',
        },
      );
    const id = `${job}/${sha256}/${size}/${path}`;
    const upload = this.#uploads.get(id) ?? (await this.#begun(id, request, now));
    upload.lastUse = now;
    return { upload: id, chunkBytes: chunkBytesOf(size), missing: [...upload.missing] };
  }

  async #begun(id: string, request: UploadRequest, now: number): Promise<Upload> {
    const beginning = this.#beginning.get(id) ?? this.#begin(id, request, now);
    this.#beginning.set(id, beginning);
    try {
      return await beginning;
    } finally {
      this.#beginning.delete(id);
    }
  }

  async #begin(id: string, request: UploadRequest, now: number): Promise<Upload> {
    await this.sweep(now);
    const known = new Set([...this.#uploads.keys(), ...this.#beginning.keys()]);
    const others = [...known].filter((key) => key !== id && isOf(key, request.job));
    if (others.length >= MAX_UPLOADS)
      throw new LatchkeyError(
        'remote/file',
        `${MAX_UPLOADS} files are on their way to ${request.job} already`,
        {
          retryable: true,
        },
      );
    if (request.deliver !== undefined) await makeStage(request);
    const place = await openConfined(request.root, request.path);
    const partName = `.${place.name.slice(0, 100)}.${request.sha256.slice(0, 12)}.part`;
    const upload = await this.#open(request, place, partName, now);
    this.#uploads.set(id, upload);
    return upload;
  }

  /** @throws LatchkeyError `remote/file` */
  async put(id: string, chunk: number, bytes: Uint8Array, now: number): Promise<void> {
    const upload = this.#get(id);
    const { size, path } = upload.request;
    const chunkBytes = chunkBytesOf(size);
    const expected = Math.min(chunkBytes, size - chunk * chunkBytes);
    if (!(chunk >= 0 && expected > 0) || bytes.length !== expected)
      throw new LatchkeyError(
        'remote/file',
        `piece ${chunk} of ${quote(path)} has ${bytes.length} bytes, not ${expected}`,
      );
    upload.lastUse = now;
    upload.writing += 1;
    try {
      await upload.file.write(bytes, 0, bytes.length, chunk * chunkBytes);
      upload.missing.delete(chunk);
    } catch (cause) {
      throw fileError(path, cause);
    } finally {
      upload.writing -= 1;
    }
  }

  /**
   * All is there: it gets its name, whole and checked.
   *
   * @throws LatchkeyError `remote/file` when something is missing, or the checksum is wrong; the latter begins anew
   */
  async finish(id: string): Promise<void> {
    const upload = this.#get(id);
    const { path, sha256, mode, deliver } = upload.request;
    if (upload.missing.size > 0 || upload.writing > 0)
      throw new LatchkeyError(
        'remote/file',
        `${quote(path)} is not whole: ${upload.missing.size} pieces are missing`,
      );
    try {
      const found = await hashOf(upload.file);
      if (found !== sha256)
        throw new LatchkeyError(
          'remote/file',
          `${quote(path)} did not arrive as it was: its checksum is ${found}`,
          {
            hint: 'put it again; it may have changed while it was read',
            retryable: true,
          },
        );
      await upload.file.chmod(mode & 0o777);
      await upload.file.sync();
      const part = upload.place.at(upload.partName);
      if (deliver === undefined) await rename(part, upload.place.at(upload.place.name));
      else {
        await deliver(part, path, mode & 0o777);
        await unlink(part);
      }
    } catch (cause) {
      await unlink(upload.place.at(upload.partName)).catch(() => {});
      throw fileError(path, cause);
    } finally {
      await this.#close(id, upload);
    }
  }

  /** Gives up what nobody has sent to for long. */
  async sweep(now: number): Promise<void> {
    for (const [id, upload] of this.#uploads)
      if (upload.writing === 0 && now - upload.lastUse > IDLE_MS) await this.#drop(id, upload);
  }

  /** What was on its way into a job that has ended. */
  async dropJob(job: string): Promise<void> {
    for (const [id, upload] of this.#uploads) if (upload.request.job === job) await this.#drop(id, upload);
  }

  async close(): Promise<void> {
    for (const [id, upload] of this.#uploads) await this.#drop(id, upload);
  }

  async #drop(id: string, upload: Upload): Promise<void> {
    await unlink(upload.place.at(upload.partName)).catch(() => {});
    await this.#close(id, upload);
  }

  async #close(id: string, upload: Upload): Promise<void> {
    this.#uploads.delete(id);
    await upload.file.close().catch(() => {});
    await upload.place.close().catch(() => {});
  }

  async #open(request: UploadRequest, place: ConfinedPlace, partName: string, now: number): Promise<Upload> {
    const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    try {
      // What lies there is of a server before this one, or a trap.
      await unlink(place.at(partName)).catch(() => {});
      const file = await open(place.at(partName), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      const chunks = Math.ceil(request.size / chunkBytesOf(request.size));
      const missing = new Set(Array.from({ length: chunks }, (_, n) => n));
      return { request, place, partName, file, missing, writing: 0, lastUse: now };
    } catch (cause) {
      await place.close();
      throw fileError(request.path, cause);
    }
  }

  #get(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload !== undefined) return upload;
    throw new LatchkeyError('remote/file', 'this upload is not there: it has ended, or was never begun', {
      hint: 'begin it again; what had arrived may have to be sent again',
      retryable: true,
    });
  }
}

/** Whether an upload is of that job; no id of one has a slash. */
function isOf(upload: string, job: string): boolean {
  return upload.startsWith(`${job}/`);
}

/** On the way to another machine it lies here, in a directory that has the job's as its pattern. */
async function makeStage({ root, path }: UploadRequest): Promise<void> {
  const above = confinedParts(path).slice(0, -1);
  await mkdir([root, ...above].join('/'), { recursive: true, mode: 0o700 });
}

/** Pieces of one MiB; larger ones for files that would have too many. */
function chunkBytesOf(size: number): number {
  return size <= CHUNK_BYTES * MAX_CHUNKS ? CHUNK_BYTES : CHUNK_BYTES * 8;
}
