import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Finding, LatchkeyError, systemClock } from '../kit/index.ts';
import type { CredentialId, CredentialStore, StoredCredential, WriteOptions } from './credential.ts';
import { filesOf, hasSettled } from './credential-files.ts';
import { CredentialReader } from './credential-reader.ts';
import { formatDataFile, parseDataFile } from './data-file.ts';
import type { Envelope } from './envelope.ts';
import { fileStem, MAX_NAME_BYTES, sameId } from './file-name.ts';
import { type FileStamp, ioError, readStamped, stampOf } from './file-stamp.ts';
import { inOrder } from './in-order.ts';
import { checkStoreDirectory } from './store-directory.ts';
import { commitSteps, discardStaged, JOURNAL_NAME, type JournalStep, recoverSteps } from './store-journal.ts';
import { StoreLock } from './store-lock.ts';

/** A file that was skipped, or a repair. */
export interface StoreFinding extends Finding {
  /** Name in the directory. */
  readonly file: string;
}

/** How {@link FileStore.open} opens a directory. */
export interface FileStoreOptions {
  /** Make the directory (0700) when it is not there. Default false, as with the C server. */
  readonly create?: boolean;
  /** Second envelope under a server key for what is written; what is not yet enveloped is read all the same. */
  readonly envelope?: Envelope | undefined;
  /** Told of files that are skipped, and of repairs. */
  readonly onFinding?: (finding: StoreFinding) => void;
  /** Credentials kept in memory; 0 = none. Default 2,000. */
  readonly cachedCredentials?: number;
  /** `MYPROXY_CREDS_MAX_NAMELEN`; default 80. Must be what the C server has. */
  readonly maxNameBytes?: number;
}

const LIST_AHEAD = 8;

/**
 * The C server's storage directory, used in place, also while the C server or other processes of ours use it.
 *
 * Writing is atomic for data, key and lock together: the new files are staged, a journal says which take whose place,
 * and whoever comes after a crash finishes it. Reading takes no lock. A credential that did not change costs three
 * calls of stat, and the same object is handed out again.
 */
export class FileStore implements CredentialStore {
  readonly directory: string;
  readonly #lock: StoreLock;
  readonly #options: FileStoreOptions;
  readonly #maxNameBytes: number;
  readonly #reader: CredentialReader;
  #listing: { readonly stamp: FileStamp; readonly stems: readonly string[] } | undefined;

  private constructor(directory: string, lock: StoreLock, options: FileStoreOptions) {
    this.directory = directory;
    this.#lock = lock;
    this.#options = options;
    this.#maxNameBytes = options.maxNameBytes ?? MAX_NAME_BYTES;
    this.#reader = new CredentialReader(directory, {
      recover: () => this.#exclusively(() => Promise.resolve()),
      envelope: options.envelope,
      cachedCredentials: options.cachedCredentials ?? 2000,
      maxNameBytes: this.#maxNameBytes,
    });
  }

  /**
   * Checks the directory, finishes what a killed writer left half done, and removes its litter.
   *
   * @throws LatchkeyError `repository/unusable` when the directory is missing, not ours, or open to others
   */
  static async open(directory: string, options: FileStoreOptions = {}): Promise<FileStore> {
    await checkStoreDirectory(directory, options.create ?? false);
    const lock = await StoreLock.open(directory).catch((cause: unknown) => {
      throw ioError(`cannot write in "${directory}"`, cause);
    });
    const store = new FileStore(directory, lock, options);
    await store.#exclusively(() => lock.sweep());
    return store;
  }

  /** Lets go of the directory. */
  async close(): Promise<void> {
    this.#reader.clear();
    await this.#lock.close();
  }

  /**
   * The credential under these names, or under names with the same files: as with the C server, user `a-b` without a
   * credential name finds the credential `b` of user `a`; what comes back says whose it is.
   *
   * @throws LatchkeyError `repository/data-malformed`, `repository/envelope`, `file/io`
   */
  read(id: CredentialId): Promise<StoredCredential | undefined> {
    return isUsableId(id) ? this.#reader.load(this.#stem(id), id) : Promise.resolve(undefined);
  }

  /**
   * @throws LatchkeyError `repository/name-collision` when another user's credential has these files,
   * `repository/data-malformed` for names or texts that cannot be stored
   */
  async write(credential: StoredCredential, options: WriteOptions = {}): Promise<boolean> {
    if (!isUsableId(credential) || credential.pem.isEmpty) {
      throw new LatchkeyError(
        'repository/data-malformed',
        'a credential needs a user name, and names without line feeds, and a certificate and key',
      );
    }
    const data = formatDataFile(credential);
    const { envelope } = this.#options;
    const pem = envelope === undefined ? credential.pem : await envelope.seal(credential.pem, credential);
    const stem = this.#stem(credential);
    const names = filesOf(stem);
    const { replacing } = options;
    const { lockMessage } = credential;
    const keepsLock = replacing !== undefined && replacing !== 'nothing';
    const steps = await this.#stageAll([
      [names.data, data],
      [names.creds, pem.reveal()],
      ...(keepsLock || lockMessage === undefined ? [] : ([[names.lock, lockMessage]] as const)),
    ]);
    if (!keepsLock && lockMessage === undefined) steps.push({ file: names.lock });
    try {
      return await this.#exclusively(async () => {
        await this.#refuseCollision(stem, credential);
        if (replacing !== undefined && !(await this.#isStill(stem, replacing))) {
          await discardStaged(this.directory, steps);
          return false;
        }
        await commitSteps(this.directory, steps, (text) => this.#lock.stage(text));
        return true;
      });
    } catch (error) {
      if ((await stampOf(join(this.directory, JOURNAL_NAME))) === undefined) {
        await discardStaged(this.directory, steps);
      }
      throw error;
    }
  }

  /** Removes data, key and lock as one. Also clears away halves that another program left. */
  async remove(id: CredentialId): Promise<boolean> {
    if (!isUsableId(id)) return false;
    const names = filesOf(this.#stem(id));
    return this.#exclusively(async () => {
      const steps: JournalStep[] = [];
      for (const file of [names.data, names.creds, names.lock]) {
        if ((await stampOf(join(this.directory, file))) !== undefined) steps.push({ file });
      }
      const had = (name: string) => steps.some(({ file }) => file === name);
      if (steps.length > 0) await commitSteps(this.directory, steps, (text) => this.#lock.stage(text));
      return had(names.data) && had(names.creds);
    });
  }

  /**
   * A user's default credential first, then the named ones; without a user all credentials; sorted by file name.
   * Files that are no credentials are told to `onFinding` and skipped.
   */
  async *list(username?: string): AsyncGenerator<StoredCredential, void, undefined> {
    if (username !== undefined && !isUsableId({ username })) return;
    const stems = await this.#stems();
    const own = username === undefined ? undefined : this.#stem({ username });
    const wanted =
      own === undefined
        ? stems
        : stems.filter((stem) => stem === own || stem.startsWith(`${own}-`)).sort(firstIs(own));
    const load = (stem: string) =>
      this.#loadOrReport(stem, username === undefined ? undefined : { username });
    for await (const credential of inOrder(wanted, LIST_AHEAD, load)) {
      if (credential !== undefined && (username === undefined || credential.username === username)) {
        yield credential;
      }
    }
  }

  async setLock(id: CredentialId, message: string | undefined): Promise<boolean> {
    if (!isUsableId(id)) return false;
    const { lock, data, creds } = filesOf(this.#stem(id));
    return this.#exclusively(async () => {
      for (const file of [data, creds]) {
        if ((await stampOf(join(this.directory, file))) === undefined) return false;
      }
      const staged = message === undefined ? undefined : basename(await this.#lock.stage(message));
      await commitSteps(this.directory, [{ file: lock, staged }], (text) => this.#lock.stage(text));
      return true;
    });
  }

  /** Writes files durably under temporary names: the slow part, before the lock is taken. */
  async #stageAll(files: readonly (readonly [string, string | Uint8Array])[]): Promise<JournalStep[]> {
    const outcomes = await Promise.allSettled(files.map(([, contents]) => this.#lock.stage(contents)));
    const steps: JournalStep[] = [];
    let failure: unknown;
    for (const [index, outcome] of outcomes.entries()) {
      const file = files[index]?.[0] ?? '';
      if (outcome.status === 'fulfilled') steps.push({ file, staged: basename(outcome.value) });
      else failure = outcome.reason;
    }
    if (failure === undefined) return steps;
    await discardStaged(this.directory, steps);
    throw failure;
  }

  #stem(id: CredentialId): string {
    return fileStem(id, this.#maxNameBytes);
  }

  /** The writers' lock, with nothing left half done. */
  #exclusively<Result>(act: () => Promise<Result>): Promise<Result> {
    return this.#lock.hold(async () => {
      const recovery = await recoverSteps(this.directory);
      if (recovery !== 'nothing') {
        const message = RECOVERED[recovery];
        this.#options.onFinding?.({ code: `repository/journal-${recovery}`, message, file: JOURNAL_NAME });
      }
      return act();
    });
  }

  async #loadOrReport(stem: string, id: CredentialId | undefined): Promise<StoredCredential | undefined> {
    try {
      return await this.#reader.load(stem, id);
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      this.#options.onFinding?.({ code: error.code, message: error.message, file: `${stem}.data` });
      return undefined;
    }
  }

  async #refuseCollision(stem: string, credential: StoredCredential): Promise<void> {
    const file = await readStamped(join(this.directory, filesOf(stem).data), 1 << 20);
    if (file === undefined) return;
    const there = parseDataFile(file.bytes);
    const id =
      there.username === undefined
        ? { username: credential.username, name: there.name }
        : (there as CredentialId);
    if (sameId(id, credential)) return;
    throw new LatchkeyError(
      'repository/name-collision',
      `the files of ${describe(credential)} are those of ${describe(id)}`,
      { hint: 'choose another user name or credential name' },
    );
  }

  async #isStill(stem: string, expected: StoredCredential | 'nothing'): Promise<boolean> {
    const current = await this.#reader.load(stem, expected === 'nothing' ? undefined : expected);
    if (current === undefined || expected === 'nothing')
      return current === undefined && expected === 'nothing';
    return current.owner === expected.owner && current.pem.equals(expected.pem);
  }

  async #stems(): Promise<readonly string[]> {
    const stamp = await stampOf(this.directory);
    if (stamp !== undefined && stamp.any === this.#listing?.stamp.any) return this.#listing.stems;
    const now = systemClock.now().getTime();
    let names: string[];
    try {
      names = await readdir(this.directory);
    } catch (error) {
      throw ioError(`cannot list "${this.directory}"`, error);
    }
    const stems = names
      .filter((name) => name.endsWith('.data') && !name.startsWith('.'))
      .map((name) => name.slice(0, -'.data'.length))
      .sort();
    this.#listing = stamp !== undefined && hasSettled(stamp, now) ? { stamp, stems } : undefined;
    return stems;
  }
}

const RECOVERED = {
  finished: 'finished what a writer that ended had begun',
  dropped:
    'dropped the rest of what a writer that ended had begun: the files were written by another program since',
  unreadable: 'set an unreadable journal aside',
} as const;

/** NUL and line feeds cannot be in the C server's files; nothing is stored under such names. */
function isUsableId({ username, name }: CredentialId): boolean {
  return username !== '' && !/[\n\0]/.test(username) && !/[\n\0]/.test(name ?? '');
}

function describe({ username, name }: CredentialId): string {
  const which = name === undefined ? 'the default credential' : `the credential ${JSON.stringify(name)}`;
  return `${which} of user ${JSON.stringify(username)}`;
}

function firstIs(first: string): (a: string, b: string) => number {
  return (a, b) => Number(b === first) - Number(a === first);
}
