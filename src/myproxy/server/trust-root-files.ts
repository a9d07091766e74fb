import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding, LatchkeyError } from '../../kit/index.ts';
import { encodeResponse } from '../wire/response.ts';

const MAX_FILE_BYTES = 4 << 20;
const MAX_TOTAL_BYTES = 16 << 20;
const MAX_FILES = 5_000;
const CHECK_INTERVAL_MS = 5_000;

/**
 * `cert_dir`: the files clients get as trust roots. The encoded answer is kept and made anew when a file's size or
 * time has changed; looked at every five seconds at most.
 */
export class TrustRootFiles {
  readonly directory: string;
  #state = '';
  #answer: Buffer | undefined;
  #checked = Number.NEGATIVE_INFINITY;
  #pending: Promise<Buffer> | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * The OK response with every regular, world-readable, non-empty file of the directory. Names with a comma cannot be
   * listed on the wire and are left out; so are empty files, on which the C client's installation breaks off.
   *
   * @throws LatchkeyError `file/io`
   */
  async answer(now: Date): Promise<Buffer> {
    const due = now.getTime() - this.#checked >= CHECK_INTERVAL_MS || now.getTime() < this.#checked;
    if (this.#answer !== undefined && !due) return this.#answer;
    this.#pending ??= this.#read(now).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** What keeps files of the directory from being sent. The C server does not start when one is not world-readable. */
  async findings(): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const file of await listFiles(this.directory)) {
      if (!file.isWorldReadable) {
        findings.push({
          code: 'trust-roots/not-readable',
          message: `FAILURE: ${file.path} not world readable. `,
        });
      }
    }
    return findings;
  }

  async #read(now: Date): Promise<Buffer> {
    const files = (await listFiles(this.directory)).filter(isSendable);
    const state = files.map((file) => `${file.name}:${file.size}:${file.modifiedMs}`).join('/');
    if (this.#answer === undefined || state !== this.#state) {
      const trustRoots = new Map<string, Buffer>();
      let total = 0;
      for (const file of files) {
        total += file.size;
        if (total > MAX_TOTAL_BYTES) break;
        const contents = await readWhole(file.path);
        if (contents.length > 0) trustRoots.set(file.name, contents);
      }
      this.#answer = encodeResponse({ status: 'ok', trustRoots });
      this.#state = state;
    }
    this.#checked = now.getTime();
    return this.#answer;
  }
}

interface TrustRootFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly modifiedMs: number;
  readonly isWorldReadable: boolean;
}

function isSendable(file: TrustRootFile): boolean {
  return file.isWorldReadable && file.size > 0 && file.size <= MAX_FILE_BYTES && !/[,=\s]/.test(file.name);
}

async function listFiles(directory: string): Promise<TrustRootFile[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (cause) {
    throw new LatchkeyError('file/io', `failed to open ${directory}`, {
      cause,
      hint: 'cert_dir must name a directory this server may read',
    });
  }
  const files: TrustRootFile[] = [];
  for (const entry of entries.slice(0, MAX_FILES)) {
    if (entry.isDirectory()) continue;
    const path = join(directory, entry.name);
    // Follows links, as distributions link one hash style to the other; a dangling link is nobody's trust root.
    const status = await stat(path).catch(() => undefined);
    if (status === undefined || !status.isFile()) continue;
    files.push({
      name: entry.name,
      path,
      size: status.size,
      modifiedMs: status.mtimeMs,
      isWorldReadable: (status.mode & 0o004) !== 0,
    });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Reads at most {@link MAX_FILE_BYTES}, whatever has become of the file since it was listed. */
async function readWhole(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(Math.min((await file.stat()).size, MAX_FILE_BYTES));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
