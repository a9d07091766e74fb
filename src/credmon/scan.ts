import { lstatSync, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LatchkeyError, quote } from '../kit/index.ts';
import type { OwnChange } from './delivery.ts';
import type { CredentialDirectory } from './directory.ts';
import { inUserDirectory, isTemporaryName, type UserDirectory } from './directory-files.ts';
import { isUserName } from './name.ts';

/** What tells one version of a file from the next. */
export interface FileStamp {
  readonly ino: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly size: number;
}

/** One name in a user's directory, with the files that are there. */
export interface FoundStem {
  readonly stem: string;
  readonly top: FileStamp | undefined;
  readonly use: FileStamp | undefined;
}

/** Hears what a scan finds. */
export interface ScanListener {
  /** A directory is about to be looked into. Whoever begins to watch it now misses nothing; who begins afterwards may. */
  opened?(directory: UserDirectory): void;
  /** A directory was looked into: it is new, it has changed, or everything is looked at. May read files in it. */
  found(directory: UserDirectory, stems: readonly FoundStem[]): void;
  /** A directory that was there is not there any more. */
  gone(user: string): void;
  /** A directory could not be read; others go on. */
  failed(user: string, error: unknown): void;
}

/** Longest work at a stretch, in milliseconds: then others have their turn. */
const SLICE_MS = 1;
/** The kernel's clock for files has a grain of up to 10 ms: what changed so lately may change again without a trace. */
const GRAIN_MS = 50;
const LEFTOVER_AGE_MS = 600_000;

interface KnownUser {
  ino: number;
  /** NaN = look again. */
  mtimeMs: number;
}

/** Remembers the directories of users by inode and time, so that a pass over thousands that did not change costs one `lstat` each. */
export class DirectoryScan {
  readonly #directory: CredentialDirectory;
  readonly #listener: ScanListener;
  readonly #users = new Map<string, KnownUser>();
  #rootMtimeMs = Number.NaN;

  constructor(directory: CredentialDirectory, listener: ScanListener) {
    this.#directory = directory;
    this.#listener = listener;
  }

  get users(): number {
    return this.#users.size;
  }

  /**
   * We have changed a directory that was as it is known here: it need not be looked into for that. What somebody else does in
   * the same few milliseconds does not show in its time: to be called only while the kernel tells of changes in it.
   */
  changedByUs(user: string, { before, after }: OwnChange): void {
    const known = this.#users.get(user);
    if (known?.ino === before.ino && known.mtimeMs === before.mtimeMs) known.mtimeMs = after.mtimeMs;
  }

  /** Looks at one user now, whatever is known. */
  look(user: string): void {
    if (!isUserName(user)) return;
    const stats = this.#statusOf(user);
    if (stats === undefined) this.#forget(user);
    else this.#lookInto(user, stats);
  }

  /**
   * One pass over everything: users that changed lately come first. `every` looks into each directory, else only into
   * those that changed.
   *
   * @returns false when `signal` ended it early
   * @throws LatchkeyError or system error when the credential directory itself cannot be read
   */
  async pass({ every, signal }: { readonly every: boolean; readonly signal: AbortSignal }): Promise<boolean> {
    const slice = new Slice();
    const rootMtimeMs = this.#rootStatus().mtimeMs;
    const isListed = every || rootMtimeMs !== this.#rootMtimeMs;
    const names = isListed ? await this.#userNames() : [...this.#users.keys()];
    const isSettled = Math.abs(Date.now() - rootMtimeMs) > GRAIN_MS;
    this.#rootMtimeMs = isSettled ? rootMtimeMs : Number.NaN;
    const changed: { readonly user: string; readonly stats: Stats }[] = [];
    for (const user of names) {
      if (slice.isOver && (await slice.next(signal))) return false;
      const stats = this.#statusOf(user);
      const known = this.#users.get(user);
      if (stats === undefined) this.#forget(user);
      else if (every || known === undefined || known.mtimeMs !== stats.mtimeMs || known.ino !== stats.ino) {
        changed.push({ user, stats });
      }
    }
    if (isListed) await this.#forgetOthers(names, slice, signal);
    // Somebody waits for what is newest.
    changed.sort((a, b) => b.stats.mtimeMs - a.stats.mtimeMs);
    for (const { user, stats } of changed) {
      if (slice.isOver && (await slice.next(signal))) return false;
      this.#lookInto(user, stats);
    }
    return true;
  }

  /** A directory that was taken away, or another one in its place, says nothing about users: nobody's lease ends by it. */
  #rootStatus(): Stats {
    const { path, ino } = this.#directory;
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.ino === ino) return stats;
    const what = stats === undefined ? 'is gone' : 'is another one now';
    throw new LatchkeyError('credmon/directory-lost', `the credential directory ${quote(path)} ${what}`, {
      hint: 'the monitor ends, and serves what is there when it is started again',
    });
  }

  async #userNames(): Promise<string[]> {
    const entries = await readdir(this.#directory.path, { withFileTypes: true });
    return entries
      .filter((entry) => isDirectoryHere(entry) && isUserName(entry.name))
      .map(({ name }) => name);
  }

  async #forgetOthers(names: readonly string[], slice: Slice, signal: AbortSignal): Promise<void> {
    const present = new Set(names);
    for (const user of [...this.#users.keys()]) {
      if (!present.has(user)) this.#forget(user);
      if (slice.isOver && (await slice.next(signal))) return;
    }
  }

  /** A directory, and no link to one. */
  #statusOf(user: string): Stats | undefined {
    try {
      const stats = lstatSync(join(this.#directory.path, user), { throwIfNoEntry: false });
      return stats?.isDirectory() === true ? stats : undefined;
    } catch {
      return undefined;
    }
  }

  #lookInto(user: string, stats: Stats): void {
    // Noted before looking: a change meanwhile is seen the next time.
    const isSettled = Math.abs(Date.now() - stats.mtimeMs) > GRAIN_MS;
    this.#users.set(user, { ino: stats.ino, mtimeMs: isSettled ? stats.mtimeMs : Number.NaN });
    try {
      const isThere = inUserDirectory(this.#directory, user, (directory) => {
        this.#listener.opened?.(directory);
        this.#listener.found(directory, readStems(directory));
        return true;
      });
      if (isThere === undefined) this.#forget(user);
    } catch (error) {
      this.#users.set(user, { ino: stats.ino, mtimeMs: Number.NaN });
      this.#listener.failed(user, error);
    }
  }

  #forget(user: string): void {
    if (this.#users.delete(user)) this.#listener.gone(user);
  }
}

/** The stems of a directory. What is no regular file counts as not there; leftovers of crashes are removed. */
function readStems(directory: UserDirectory): FoundStem[] {
  const stems = new Map<string, { top?: FileStamp; use?: FileStamp }>();
  for (const name of directory.list()) {
    const suffix = name.slice(-4);
    if (suffix === '.top' || suffix === '.use') {
      const stamp = stampOf(directory, name);
      if (stamp === undefined) continue;
      const stem = name.slice(0, -4);
      const found = stems.get(stem) ?? {};
      found[suffix === '.top' ? 'top' : 'use'] = stamp;
      stems.set(stem, found);
    } else if (isTemporaryName(name) || /^tmp[a-z0-9_]{8}$/.test(name)) {
      const stamp = stampOf(directory, name);
      if (stamp !== undefined && Date.now() - stamp.ctimeMs > LEFTOVER_AGE_MS) directory.remove(name);
    }
  }
  return [...stems].map(([stem, { top, use }]) => ({ stem, top, use }));
}

function stampOf(directory: UserDirectory, name: string): FileStamp | undefined {
  const stats = lstatSync(directory.pathOf(name), { throwIfNoEntry: false });
  return stats?.isFile() === true ? stampFrom(stats) : undefined;
}

/** What to remember of a file's status. */
export function stampFrom({ ino, mtimeMs, ctimeMs, size }: Stats): FileStamp {
  return { ino, mtimeMs, ctimeMs, size };
}

/** File systems without types in their directories say nothing: then `lstat` decides later. */
function isDirectoryHere(entry: {
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}): boolean {
  return entry.isDirectory() || !(entry.isFile() || entry.isSymbolicLink());
}

/** A stretch of work that gives others their turn. */
class Slice {
  #since = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#since > SLICE_MS;
  }

  /** @returns true when the work shall end */
  async next(signal: AbortSignal): Promise<boolean> {
    await nextTurn();
    this.#since = performance.now();
    return signal.aborted;
  }
}
