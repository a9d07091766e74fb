import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LatchkeyError, writeFileAtomic } from '../kit/index.ts';
import type { KeeperJournal, LeaseHistory } from './journal.ts';
import { formatJournalLine, parseJournalLine } from './journal-line.ts';

/** How {@link openKeeperJournal} behaves. */
export interface KeeperJournalOptions {
  /** Milliseconds between writes. Default 5000: what a crash may forget. */
  readonly flushMs?: number;
  /** Leases remembered. Default 200,000; the rest is not. */
  readonly maxLeases?: number;
  readonly now?: () => Date;
  /** Told when the file cannot be written; history then lives in memory until it can. */
  readonly onError?: (error: unknown) => void;
}

const MAX_FILE_BYTES = 256 << 20;
/** The file is written anew when it is larger than this, and than four times what it was after the last time. */
const COMPACT_BYTES = 4 << 20;
const FORGET_MS = 30 * 24 * 3_600_000;
const LINES_A_TURN = 2000;

/**
 * A journal in a file of one JSON object a line (0600), written every few seconds without waiting for the disk, and anew,
 * atomically, when it has grown. A torn or damaged line loses what it said and nothing else. For one process at a time.
 * Leases of which nothing was heard for 30 days are forgotten when it is opened.
 *
 * @throws LatchkeyError `keeper/journal` when the file cannot be opened or is no plain file
 */
export async function openKeeperJournal(
  path: string,
  options: KeeperJournalOptions = {},
): Promise<KeeperJournal> {
  const now = (options.now ?? (() => new Date()))().getTime();
  const { histories, bytes, isTorn } = await read(path, options.maxLeases);
  for (const [id, history] of histories) if (lastHeardOf(history) < now - FORGET_MS) histories.delete(id);
  return new JournalFile(path, options, histories, await openToAppend(path), bytes, isTorn);
}

/** What a journal says, for a look from outside while its process runs or does not; empty when there is none. @throws as {@link openKeeperJournal} */
export async function readKeeperJournal(path: string): Promise<ReadonlyMap<string, LeaseHistory>> {
  return (await read(path)).histories;
}

class JournalFile implements KeeperJournal {
  readonly #path: string;
  readonly #flushMs: number;
  readonly #maxLeases: number;
  readonly #onError: (error: unknown) => void;
  readonly #histories: Map<string, LeaseHistory>;
  readonly #dirty = new Set<string>();
  #file: FileHandle;
  #bytes: number;
  #compactAt: number;
  /** The last line has no end: whatever comes next begins with one. */
  #isTorn: boolean;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    path: string,
    options: KeeperJournalOptions,
    histories: Map<string, LeaseHistory>,
    file: FileHandle,
    bytes: number,
    isTorn: boolean,
  ) {
    this.#path = path;
    this.#flushMs = options.flushMs ?? 5000;
    this.#maxLeases = options.maxLeases ?? DEFAULT_MAX_LEASES;
    this.#onError = options.onError ?? (() => {});
    this.#histories = histories;
    this.#file = file;
    this.#bytes = bytes;
    this.#compactAt = COMPACT_BYTES;
    this.#isTorn = isTorn;
  }

  recall(id: string): LeaseHistory | undefined {
    return this.#histories.get(id);
  }

  remember(id: string, history: LeaseHistory): void {
    if (this.#isClosed || (!this.#histories.has(id) && this.#histories.size >= this.#maxLeases)) return;
    this.#histories.set(id, history);
    this.#mark(id);
  }

  forget(id: string): void {
    if (!this.#isClosed && this.#histories.delete(id)) this.#mark(id);
  }

  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write()).catch((error: unknown) => this.#onError(error));
    return this.#writing;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.flush();
    await this.#file.close().catch(() => {});
  }

  #mark(id: string): void {
    this.#dirty.add(id);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, this.#flushMs).unref();
  }

  async #write(): Promise<void> {
    if (this.#dirty.size === 0) return;
    const ids = [...this.#dirty];
    this.#dirty.clear();
    const lines = ids.map((id) => `${formatJournalLine(id, this.#histories.get(id))}\n`);
    const text = (this.#isTorn ? '\n' : '') + lines.join('');
    try {
      await this.#file.appendFile(text);
      this.#isTorn = false;
      this.#bytes += Buffer.byteLength(text);
      if (this.#bytes > this.#compactAt) await this.#compact();
    } catch (error) {
      // Perhaps a part of it was written.
      this.#isTorn = true;
      for (const id of ids) this.#dirty.add(id);
      const [first] = ids;
      if (first !== undefined && !this.#isClosed) this.#mark(first);
      throw error;
    }
  }

  async #compact(): Promise<void> {
    const chunks: string[] = [];
    let lines = 0;
    for (const [id, history] of this.#histories) {
      chunks.push(formatJournalLine(id, history), '\n');
      lines += 1;
      // Tens of thousands of lines at once would hold up everybody else.
      if (lines % LINES_A_TURN === 0) await nextTurn();
    }
    const text = chunks.join('');
    await writeFileAtomic(this.#path, text);
    const file = await openToAppend(this.#path);
    await this.#file.close();
    this.#file = file;
    this.#bytes = Buffer.byteLength(text);
    this.#compactAt = Math.max(COMPACT_BYTES, 4 * this.#bytes);
  }
}

const DEFAULT_MAX_LEASES = 200_000;

async function read(path: string, maxLeases = DEFAULT_MAX_LEASES) {
  const histories = new Map<string, LeaseHistory>();
  const text = await readBounded(path);
  for (const line of text.split('\n')) {
    const parsed = parseJournalLine(line);
    if (parsed === undefined) continue;
    if (parsed.history === undefined) histories.delete(parsed.id);
    else if (histories.has(parsed.id) || histories.size < maxLeases) histories.set(parsed.id, parsed.history);
  }
  return { histories, bytes: Buffer.byteLength(text), isTorn: text !== '' && !text.endsWith('\n') };
}

async function readBounded(path: string): Promise<string> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw journalError(path, cause);
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) {
      throw journalError(path, new Error('it is no plain file, or larger than 256 MiB'));
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function openToAppend(path: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  try {
    const file = await open(path, flags, 0o600);
    await file.chmod(0o600);
    return file;
  } catch (cause) {
    throw journalError(path, cause);
  }
}

function lastHeardOf({ lastRenewedAt = 0, nextAt = 0, lastError }: LeaseHistory): number {
  return Math.max(lastRenewedAt, nextAt, lastError?.at.getTime() ?? 0);
}

function journalError(path: string, cause: unknown): LatchkeyError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LatchkeyError('keeper/journal', `cannot use the journal "${path}": ${reason}`, { cause });
}
