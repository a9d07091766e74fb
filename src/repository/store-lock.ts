import { link, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, LatchkeyError, systemClock, writeTemporary } from '../kit/index.ts';
import { errorCode, ioError, readStamped, stampOf } from './file-stamp.ts';
import { describeThisProcess, parseStoreProcess, processState, type StoreProcess } from './store-process.ts';

const LOCK_NAME = '.latchkey-lock';
const BREAK_PREFIX = '.latchkey-break-';
const MAX_WAIT_MS = 10_000;
const MAX_DEPTH = 8;
/** A holder on another machine or in another container is believed to be gone after this long. */
const UNKNOWN_HOLDER_MS = 60_000;

/**
 * The lock that writers of a directory take turns by; readers do without. It is held for a few file operations, never
 * across work on keys or networks.
 *
 * Node has no `flock`, so a lock is a hard link to a file that describes its process. A process that ended without
 * letting go is noticed by the others: the right to take its lock away is itself such a link, named after the dead
 * process, so that of several who notice only one acts, and a lock taken meanwhile by a living process is never hit.
 * All names begin with a dot: no credential's files do, and the C server looks at none of them.
 */
export class StoreLock {
  readonly #directory: string;
  readonly #self: StoreProcess;
  readonly #clock: Clock;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(directory: string, self: StoreProcess, clock: Clock) {
    this.#directory = directory;
    this.#self = self;
    this.#clock = clock;
  }

  /** Leaves this process's description in the directory. */
  static async open(directory: string, clock: Clock = systemClock): Promise<StoreLock> {
    const self = await describeThisProcess();
    const lock = new StoreLock(directory, self, clock);
    await rename(await lock.stage(JSON.stringify(self)), lock.#path(ownerName(self.nonce)));
    return lock;
  }

  /** Writes a file durably under a temporary name in the directory, for a later rename; returns the full path. */
  stage(data: string | Uint8Array): Promise<string> {
    return writeTemporary(this.#path(`latchkey-${this.#self.nonce}`), data);
  }

  /**
   * Runs `act` while no other writer does, in this process or another.
   *
   * @throws LatchkeyError `repository/unusable` (retryable) when another process keeps the lock for 10 s
   */
  hold<Result>(act: () => Promise<Result>): Promise<Result> {
    const run = async () => {
      await this.#claimPatiently();
      try {
        return await act();
      } finally {
        await unlink(this.#path(LOCK_NAME)).catch(() => {});
      }
    };
    const result = this.#queue.then(run, run);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Removes what processes that were killed left behind. To be called while the lock is held, after recovery. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const nonce =
        /^\.latchkey-([0-9a-f]{16})\.(?:owner|[0-9a-f]+\.tmp)$/.exec(name)?.[1] ??
        // While this process has the lock, the links to break a dead one's lock mean nothing.
        (name.startsWith(BREAK_PREFIX) ? (await this.#holderOf(this.#path(name)))?.nonce : undefined);
      if (nonce === undefined || nonce === this.#self.nonce) continue;
      if (await this.#isGone(nonce, this.#path(name))) await unlink(this.#path(name)).catch(() => {});
    }
  }

  /** Takes the description away; the lock is not used afterwards. */
  async close(): Promise<void> {
    await this.#queue;
    await unlink(this.#path(ownerName(this.#self.nonce))).catch(() => {});
  }

  async #claimPatiently(): Promise<void> {
    const deadline = this.#clock.now().getTime() + MAX_WAIT_MS;
    for (let pause = 1; ; pause = Math.min(20, pause * 2)) {
      if (await this.#claim(LOCK_NAME)) return;
      if (this.#clock.now().getTime() > deadline) {
        throw new LatchkeyError('repository/unusable', `another process keeps "${this.#directory}" locked`, {
          retryable: true,
          hint: `if none is running, remove ${this.#path(LOCK_NAME)}`,
        });
      }
      await this.#clock.sleep(pause + Math.random() * pause);
    }
  }

  /** One try to take the link `name`; breaks it when its holder has ended. Links of dead breakers are broken likewise. */
  async #claim(name: string, depth = 0): Promise<boolean> {
    const path = this.#path(name);
    try {
      await link(this.#path(ownerName(this.#self.nonce)), path);
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') {
        throw ioError(`cannot lock "${this.#directory}" (hard links are needed)`, error);
      }
    }
    const holder = await this.#holderOf(path);
    if (holder === undefined || !(await this.#hasEnded(holder, path))) return false;
    const breakName = `${BREAK_PREFIX}${holder.nonce}`;
    if (depth > MAX_DEPTH || !(await this.#claim(breakName, depth + 1))) return false;
    // Only who holds the break link removes the dead one's link, and nobody else makes a link of that nonce again.
    const current = await this.#holderOf(path);
    if (current?.nonce === holder.nonce) await unlink(path).catch(() => {});
    await unlink(this.#path(breakName)).catch(() => {});
    return false;
  }

  async #holderOf(path: string): Promise<StoreProcess | undefined> {
    const file = await readStamped(path, 4096);
    return file === undefined ? undefined : parseStoreProcess(file.bytes.toString('utf8'));
  }

  async #hasEnded(holder: StoreProcess, path: string): Promise<boolean> {
    const state = await processState(holder, this.#self);
    if (state !== 'unknown') return state === 'ended';
    const stamp = await stampOf(path);
    return stamp !== undefined && this.#clock.now().getTime() - stamp.changed > UNKNOWN_HOLDER_MS;
  }

  async #isGone(nonce: string, path: string): Promise<boolean> {
    const owner = await this.#holderOf(this.#path(ownerName(nonce)));
    if (owner !== undefined) return (await processState(owner, this.#self)) === 'ended';
    // A process that is just starting has not published its description yet.
    const stamp = await stampOf(path);
    return stamp !== undefined && this.#clock.now().getTime() - stamp.changed > UNKNOWN_HOLDER_MS;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

function ownerName(nonce: string): string {
  return `.latchkey-${nonce}.owner`;
}
