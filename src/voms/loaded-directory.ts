import type { BigIntStats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isLatchkeyError, LatchkeyError, quote } from '../kit/index.ts';
import { type Certificate, parseCertificates } from '../x509/index.ts';
import { type LscChain, parseLscFile } from './lsc-file.ts';
import type { VomsDirectory } from './voms-directory.ts';

/** A finding about one file of a VOMS directory. */
export interface VomsDirectoryFinding {
  /** Path inside the directory. */
  readonly file: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** The directory in use: `X509_VOMS_DIR`, else `/etc/grid-security/vomsdir`. */
export function locateVomsDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return env.X509_VOMS_DIR || '/etc/grid-security/vomsdir';
}

/**
 * Reads a VOMS directory. A bad file becomes a finding and never hides the others.
 *
 * @throws LatchkeyError `voms/directory-missing` when the directory itself cannot be read
 */
export async function loadVomsDirectory(
  path: string = locateVomsDirectory(),
  options: { readonly refreshSeconds?: number } = {},
): Promise<LoadedVomsDirectory> {
  return new LoadedVomsDirectory(path, await readChanged(path, new Map()), options.refreshSeconds ?? 30);
}

/** A VOMS directory as it was read last; a server calls {@link LoadedVomsDirectory.refresh} before it validates. */
export class LoadedVomsDirectory implements VomsDirectory {
  readonly path: string;
  readonly #refreshMs: number;
  #files: Files;
  #certificates: ReadonlyMap<string, readonly Certificate[]>;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  /** Use {@link loadVomsDirectory}. */
  constructor(path: string, files: Files, refreshSeconds: number) {
    this.path = path;
    this.#refreshMs = refreshSeconds * 1000;
    this.#files = files;
    this.#certificates = certificatesOf(files);
  }

  /** Paths of the files that were read, sorted. */
  get files(): readonly string[] {
    return [...this.#files.keys()];
  }

  get findings(): readonly VomsDirectoryFinding[] {
    return [...this.#files].flatMap(([file, { findings }]) =>
      findings.map((finding) => ({ file, ...finding })),
    );
  }

  chains(vo: string, host: string): readonly LscChain[] | undefined {
    return this.#files.get(`${vo}/${host}.lsc`)?.chains;
  }

  certificates(vo: string): readonly Certificate[] {
    return this.#certificates.get(vo) ?? [];
  }

  /**
   * Reads again the files that changed on disk, by their stat; free within `refreshSeconds`. What was read before stays in
   * force until the new contents are complete.
   *
   * @throws LatchkeyError `voms/directory-missing` when the directory cannot be read any more
   */
  refresh(now: Date): Promise<void> {
    if (this.#refreshing !== undefined) return this.#refreshing;
    if (Math.abs(now.getTime() - this.#lookedAt) < this.#refreshMs) return Promise.resolve();
    this.#lookedAt = now.getTime();
    this.#refreshing = readChanged(this.path, this.#files)
      .then((files) => {
        this.#certificates = certificatesOf(files);
        this.#files = files;
      })
      .finally(() => {
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }
}

interface LoadedFile {
  readonly version: string;
  readonly chains: readonly LscChain[];
  readonly certificates: readonly Certificate[];
  readonly findings: readonly Omit<VomsDirectoryFinding, 'file'>[];
}
type Files = ReadonlyMap<string, LoadedFile>;

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const FILE_NAME = /^[A-Za-z0-9_[][A-Za-z0-9_.:[\]-]*\.(?:lsc|pem)$/;
const MAX_FILES = 10_000;
const MAX_FILE_BYTES = { lsc: 64 << 10, pem: 1 << 20 } as const;
const MAX_TOTAL_BYTES = 64 << 20;

async function readChanged(path: string, before: Files): Promise<Files> {
  const files = new Map<string, LoadedFile>();
  let total = 0;
  try {
    for (const name of await listFiles(path)) {
      const found = await stat(join(path, name), { bigint: true }).catch(() => undefined);
      if (found?.isFile() !== true) continue;
      total += Number(found.size);
      const known = before.get(name);
      files.set(name, known?.version === versionOf(found) ? known : await load(path, name, found, total));
    }
  } catch (cause) {
    if (isLatchkeyError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError(
      'voms/directory-missing',
      `cannot read the VOMS directory ${quote(path)}: ${reason}`,
      {
        cause,
        hint: 'X509_VOMS_DIR names it; in it there is a directory for each organization, with an LSC file for each server',
      },
    );
  }
  return files;
}

/** Paths of LSC files and certificates, sorted, one directory deep. */
async function listFiles(path: string): Promise<string[]> {
  const files: string[] = [];
  for (const vo of (await readdir(path)).filter((name) => NAME.test(name)).sort()) {
    const names = await readdir(join(path, vo)).catch(() => []);
    files.push(
      ...names
        .filter((name) => FILE_NAME.test(name))
        .sort()
        .map((name) => `${vo}/${name}`),
    );
    if (files.length > MAX_FILES) {
      throw new LatchkeyError(
        'voms/directory-missing',
        `the VOMS directory ${quote(path)} has more than ${MAX_FILES} files`,
      );
    }
  }
  return files;
}

function versionOf(found: BigIntStats): string {
  return `${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
}

async function load(path: string, name: string, found: BigIntStats, total: number): Promise<LoadedFile> {
  const findings: Omit<VomsDirectoryFinding, 'file'>[] = [];
  const fault = (message: string) => findings.push({ severity: 'error', message });
  let chains: readonly LscChain[] = [];
  let certificates: readonly Certificate[] = [];
  try {
    const kind = name.endsWith('.lsc') ? 'lsc' : 'pem';
    const limit = MAX_FILE_BYTES[kind];
    if (total > MAX_TOTAL_BYTES) fault(`all files together have more than ${MAX_TOTAL_BYTES} bytes`);
    else if (found.size > limit) fault(`the file has ${found.size} bytes, where ${limit} are the limit`);
    else if (kind === 'pem') certificates = parseCertificates(await readText(join(path, name), limit));
    else {
      const file = parseLscFile(await readText(join(path, name), limit));
      chains = file.chains;
      file.problems.forEach(fault);
    }
    if ((Number(found.mode) & 0o002) !== 0)
      findings.push({ severity: 'warning', message: 'everyone can write the file: chmod o-w' });
  } catch (cause) {
    fault(cause instanceof Error ? cause.message : String(cause));
  }
  return { version: versionOf(found), chains, certificates, findings };
}

async function readText(path: string, limit: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(limit);
    const { bytesRead } = await file.read(buffer, 0, limit, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function certificatesOf(files: Files): ReadonlyMap<string, readonly Certificate[]> {
  const byVo = new Map<string, Certificate[]>();
  for (const [name, { certificates }] of files) {
    const vo = name.split('/')[0] ?? '';
    byVo.set(vo, [...(byVo.get(vo) ?? []), ...certificates]);
  }
  return byVo;
}
