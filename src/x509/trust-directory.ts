import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import type { Name } from './name.ts';
import { formatOneline } from './name-oneline.ts';
import type { SigningPolicy } from './signing-policy.ts';
import { comparableOneline } from './signing-policy-pattern.ts';
import { subjectHash, subjectHashOld } from './subject-hash.ts';
import {
  maxTrustFileBytes,
  parseTrustFile,
  TRUST_FILE_NAME,
  type TrustFileContents,
  type TrustFinding,
} from './trust-file-contents.ts';
import { listTrustFiles, readBounded, type TrustFileEntry, trustMissing } from './trust-files.ts';
import { memoryTrustStore, type TrustStore } from './trust-store.ts';

/** How a trust directory is kept fresh. */
export interface TrustDirectoryOptions {
  /** Seconds during which {@link TrustDirectory.refresh} does not look at the disk again; default 30. */
  readonly refreshSeconds?: number;
}

/** Reads a trust directory (`X509_CERT_DIR`). A bad file becomes a finding and never hides the others.
 *
 * @throws LatchkeyError `x509/trust-missing` when the directory itself cannot be read
 */
export async function loadTrustDirectory(
  path: string,
  options: TrustDirectoryOptions = {},
): Promise<TrustDirectory> {
  const files = await readChanged(path, new Map());
  return new TrustDirectory(path, files, options.refreshSeconds ?? 30);
}

/**
 * A trust directory as it was read last. It reads like any trust store, from memory;
 * a server calls {@link TrustDirectory.refresh} before it validates.
 */
export class TrustDirectory implements TrustStore {
  readonly path: string;
  readonly #refreshMs: number;
  #files: LoadedFiles;
  #contents: Contents;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<boolean> | undefined;

  /** Use {@link loadTrustDirectory}. */
  constructor(path: string, files: LoadedFiles, refreshSeconds: number) {
    this.path = path;
    this.#refreshMs = refreshSeconds * 1000;
    this.#files = files;
    this.#contents = assemble(files);
  }

  /** Names of the files that were read, sorted. */
  get files(): readonly string[] {
    return [...this.#files.keys()].filter((name) => name !== '.');
  }

  /** All trusted certificates, each once. */
  get authorities(): readonly Certificate[] {
    return this.#contents.authorities;
  }

  /** All CRLs that could be read. */
  get allCrls(): readonly Crl[] {
    return this.#contents.crls;
  }

  get findings(): readonly TrustFinding[] {
    return this.#contents.findings;
  }

  issuers(name: Name): readonly Certificate[] {
    return this.#contents.store.issuers(name);
  }

  signingPolicy(ca: Certificate): SigningPolicy | undefined {
    return this.#contents.policyOf(ca);
  }

  crls(ca: Certificate): readonly Crl[] {
    return this.#contents.store.crls(ca);
  }

  /**
   * Reads again the files that changed on disk, by their stat. Cheap when none did, free within `refreshSeconds`.
   * What was read before stays in force until the new contents are complete, and when the directory cannot be read.
   *
   * @returns whether anything changed
   * @throws LatchkeyError `x509/trust-missing` when the directory cannot be read any more
   */
  refresh(now: Date): Promise<boolean> {
    const time = now.getTime();
    if (this.#refreshing !== undefined) return this.#refreshing;
    if (Math.abs(time - this.#lookedAt) < this.#refreshMs) return Promise.resolve(false);
    this.#lookedAt = time;
    this.#refreshing = this.#reload().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #reload(): Promise<boolean> {
    const before = this.#files;
    const after = await readChanged(this.path, before);
    if (after.size === before.size && [...after].every(([name, file]) => before.get(name) === file))
      return false;
    this.#contents = assemble(after);
    this.#files = after;
    return true;
  }
}

/** A file of the directory and what was in it, kept until its version changes. */
interface LoadedFile extends TrustFileContents {
  readonly version: string;
}
type LoadedFiles = ReadonlyMap<string, LoadedFile>;

/** Everything together never holds more than this many bytes of files. */
const MAX_TOTAL_BYTES = 512 << 20;

async function readChanged(path: string, before: LoadedFiles): Promise<LoadedFiles> {
  const files = new Map<string, LoadedFile>();
  try {
    files.set('.', await lookAtDirectory(path, before.get('.')));
    let total = 0;
    for (const entry of await listTrustFiles(path, (name) => TRUST_FILE_NAME.test(name))) {
      const known = before.get(entry.name);
      total += entry.size;
      files.set(entry.name, known?.version === entry.version ? known : await load(path, entry, total));
    }
  } catch (cause) {
    throw trustMissing(path, cause);
  }
  return files;
}

async function load(path: string, entry: TrustFileEntry, total: number): Promise<LoadedFile> {
  const { name, version, mode, size } = entry;
  const fault = (code: TrustFinding['code'], message: string): LoadedFile => {
    return { ...NOTHING, version, findings: [{ code, file: name, severity: 'error', message }] };
  };
  const limit = maxTrustFileBytes(name);
  const tooLarge = `the file has ${size} bytes, where ${limit} are the limit`;
  if (total > MAX_TOTAL_BYTES)
    return fault('trust/too-large', `all files together have more than ${MAX_TOTAL_BYTES} bytes`);
  if (size > limit) return fault('trust/too-large', tooLarge);
  try {
    const contents = await readBounded(join(path, name), limit);
    if (contents === undefined) return fault('trust/too-large', tooLarge);
    const parsed = parseTrustFile(name, contents);
    return { ...parsed, version, findings: [...parsed.findings, ...remarkOnMode(name, mode)] };
  } catch (cause) {
    return fault('trust/unreadable', cause instanceof Error ? cause.message : String(cause));
  }
}

const NOTHING: TrustFileContents = { authorities: [], crls: [], policies: [], findings: [] };

async function lookAtDirectory(path: string, before: LoadedFile | undefined): Promise<LoadedFile> {
  const { mode } = await stat(path);
  const version = String(mode);
  return before?.version === version ? before : { ...NOTHING, version, findings: remarkOnMode('.', mode) };
}

function remarkOnMode(file: string, mode: number): TrustFinding[] {
  if ((mode & 0o002) === 0) return [];
  const what = file === '.' ? 'the trust directory' : 'the file';
  return [
    { code: 'trust/writable', file, severity: 'warning', message: `everyone can write ${what}: chmod o-w` },
  ];
}

/** What the files say together. */
interface Contents {
  readonly authorities: readonly Certificate[];
  readonly crls: readonly Crl[];
  readonly store: TrustStore;
  readonly findings: readonly TrustFinding[];
  policyOf(ca: Certificate): SigningPolicy | undefined;
}

function assemble(files: LoadedFiles): Contents {
  // Distributions ship every file under both hashes: the same bytes count once.
  const authorities = new Map<string, Certificate>();
  const homes = new Map<string, string>();
  const crls = new Map<string, Crl>();
  const findings: TrustFinding[] = [];
  for (const [name, file] of files) {
    for (const certificate of file.authorities) {
      if (!authorities.has(certificate.fingerprint)) homes.set(certificate.fingerprint, name);
      authorities.set(certificate.fingerprint, certificate);
    }
    for (const crl of file.crls) crls.set(crl.signature.toString('latin1'), crl);
    findings.push(...file.findings);
  }
  const policyOf = (ca: Certificate): SigningPolicy | undefined => {
    // Only the file under the authority's own hash speaks for it; the new hash comes first, and rules even when it is bad.
    const file =
      files.get(`${subjectHash(ca.subject)}.signing_policy`) ??
      files.get(`${subjectHashOld(ca.subject)}.signing_policy`);
    const name = comparableOneline(formatOneline(ca.subject));
    return file?.policies.find((policy) => comparableOneline(policy.authority) === name);
  };
  for (const ca of authorities.values()) {
    if (policyOf(ca) !== undefined) continue;
    const file = homes.get(ca.fingerprint) ?? '.';
    const message = `there is no usable ${subjectHash(ca.subject)}.signing_policy, so nothing this authority signed is accepted`;
    findings.push({ code: 'trust/signing-policy-missing', file, severity: 'warning', message });
  }
  const all = { authorities: [...authorities.values()], crls: [...crls.values()] };
  return { ...all, store: memoryTrustStore(all), findings, policyOf };
}
