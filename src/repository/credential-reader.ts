import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { LatchkeyError, LruCache, Secret, systemClock } from '../kit/index.ts';
import type { CredentialId, StoredCredential } from './credential.ts';
import { type CredentialFiles, filesOf, hasSettled, readCredentialFiles } from './credential-files.ts';
import { parseDataFile } from './data-file.ts';
import { type Envelope, isEnveloped } from './envelope.ts';
import { fileStem, idFromStem } from './file-name.ts';
import { type FileStamp, stampOf } from './file-stamp.ts';
import { JOURNAL_NAME } from './store-journal.ts';

/** What a {@link CredentialReader} needs. */
export interface CredentialReaderOptions {
  /** Waits for a writer, or finishes the work of one that was killed. */
  readonly recover: () => Promise<void>;
  readonly envelope: Envelope | undefined;
  readonly cachedCredentials: number;
  readonly maxNameBytes: number;
}

interface CacheEntry {
  readonly credential: StoredCredential;
  readonly tellsUsername: boolean;
  /** Of the bytes of all files. */
  readonly digest: string;
  readonly data: FileStamp;
  readonly creds: FileStamp;
  readonly lock: FileStamp | undefined;
  directory: FileStamp | undefined;
  /** False when the files were so young that a later change could leave the same stamps. */
  readonly isSettled: boolean;
}

/** Reads credentials of a directory and keeps them for as long as their files do not change. */
export class CredentialReader {
  readonly #directory: string;
  readonly #options: CredentialReaderOptions;
  readonly #cache: LruCache<string, CacheEntry>;

  constructor(directory: string, options: CredentialReaderOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#cache = new LruCache(options.cachedCredentials);
  }

  /**
   * The credential in the files of that stem; the same object for as long as they hold the same.
   *
   * @param asked names to believe when an old `.data` file does not tell the user name
   */
  async load(stem: string, asked: CredentialId | undefined): Promise<StoredCredential | undefined> {
    const kept = this.#cache.get(stem);
    const isFresh = kept?.isSettled && (await this.#isFresh(kept, stem));
    const entry = isFresh ? kept : await this.#reload(stem, kept);
    if (entry === undefined) return undefined;
    const { credential } = entry;
    if (entry.tellsUsername || asked === undefined || asked.username === credential.username)
      return credential;
    const isAsked = this.#stem({ username: asked.username, name: credential.name }) === stem;
    return isAsked ? { ...credential, username: asked.username } : credential;
  }

  /** Forgets everything. */
  clear(): void {
    this.#cache.clear();
  }

  async #isFresh(entry: CacheEntry, stem: string): Promise<boolean> {
    const names = filesOf(stem);
    const stamps = (...paths: string[]) => Promise.all(paths.map(stampOf));
    const path = (name: string) => join(this.#directory, name);
    const now = systemClock.now().getTime();
    const [directory, data, creds] = await stamps(this.#directory, path(names.data), path(names.creds));
    if (data?.any !== entry.data.any || creds?.any !== entry.creds.any) return false;
    if (directory?.any === entry.directory?.any && hasSettled(directory, now)) return true;
    // Something else changed in the directory; it may have been a lock or a journal.
    const [lock, journal] = await stamps(path(names.lock), path(JOURNAL_NAME));
    if (journal !== undefined || lock?.any !== entry.lock?.any) return false;
    entry.directory = directory;
    return true;
  }

  async #reload(stem: string, kept: CacheEntry | undefined): Promise<CacheEntry | undefined> {
    const now = systemClock.now().getTime();
    const files = await readCredentialFiles(this.#directory, stem, this.#options.recover);
    if (files === undefined) {
      this.#cache.delete(stem);
      return undefined;
    }
    const digest = digestOf(files);
    const { credential, tellsUsername } =
      kept !== undefined && kept.digest === digest ? kept : await this.#parse(stem, files);
    const [data, creds, lock] = [files.data.stamp, files.creds.stamp, files.lock?.stamp];
    const isSettled = hasSettled(data, now) && hasSettled(creds, now);
    const entry = {
      credential,
      tellsUsername,
      digest,
      data,
      creds,
      lock,
      directory: files.directory,
      isSettled,
    };
    if (this.#options.cachedCredentials > 0) this.#cache.set(stem, entry);
    return entry;
  }

  async #parse(
    stem: string,
    files: CredentialFiles,
  ): Promise<{ credential: StoredCredential; tellsUsername: boolean }> {
    const data = parseDataFile(files.data.bytes);
    const { username } =
      data.username === undefined
        ? idFromStem(stem, data.name, this.#options.maxNameBytes)
        : { username: data.username };
    const lockMessage = files.lock?.bytes.toString('utf8');
    const record = { ...data, username, ...(lockMessage === undefined ? {} : { lockMessage }) };
    const stored = new Secret(files.creds.bytes);
    const { envelope } = this.#options;
    if (isEnveloped(stored) && envelope === undefined) {
      const what = `"${filesOf(stem).creds}" is sealed under a server key, and none is given`;
      throw new LatchkeyError('repository/envelope', what, {
        hint: 'give the server the key it was sealed under: from a file, a systemd credential or a command',
      });
    }
    const pem = envelope !== undefined && isEnveloped(stored) ? await envelope.open(stored, record) : stored;
    return { credential: { ...record, pem }, tellsUsername: data.username !== undefined };
  }

  #stem(id: CredentialId): string {
    return fileStem(id, this.#options.maxNameBytes);
  }
}

function digestOf({ data, creds, lock }: CredentialFiles): string {
  const hash = createHash('sha256');
  for (const file of [data, creds, lock]) {
    hash.update(`${file?.bytes.length ?? 'absent'}\n`);
    if (file !== undefined) hash.update(file.bytes);
  }
  return hash.digest('base64');
}
