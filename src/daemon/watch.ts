import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../kit/index.ts';

const CHECK_INTERVAL_MS = 500;

/** What may vary of a {@link Watch}. */
export interface WatchOptions {
  /** A change counts only when no file was written for this long: half of a file is no configuration. Default 0. */
  readonly settleMs?: number;
}

/** Notices that files have changed, by time, size and inode; looks at most twice a second. */
export class Watch {
  readonly #paths: readonly string[];
  readonly #clock: Clock;
  readonly #settleMs: number;
  #state: string | undefined;
  #checked = Number.NEGATIVE_INFINITY;

  constructor(paths: readonly string[], clock: Clock, { settleMs = 0 }: WatchOptions = {}) {
    this.#paths = [...new Set(paths)];
    this.#clock = clock;
    this.#settleMs = settleMs;
  }

  /** True once after each change; false the first time. A file that is not there counts as a state of its own. */
  async hasChanged(): Promise<boolean> {
    const now = this.#clock.now().getTime();
    if (this.#paths.length === 0 || Math.abs(now - this.#checked) < CHECK_INTERVAL_MS) return false;
    this.#checked = now;
    const found = await Promise.all(this.#paths.map(statusOf));
    const state = found.map(stateOf).join('/');
    const before = this.#state;
    if (before !== undefined && before !== state && found.some((status) => this.#isFresh(status, now)))
      return false;
    this.#state = state;
    return before !== undefined && before !== state;
  }

  /** Takes the files as they are now for known: somebody is about to read them anyway. */
  async accept(): Promise<void> {
    this.#state = (await Promise.all(this.#paths.map(statusOf))).map(stateOf).join('/');
  }

  #isFresh(status: Stats | undefined, now: number): boolean {
    return status !== undefined && Math.abs(now - status.mtimeMs) < this.#settleMs;
  }
}

async function statusOf(path: string): Promise<Stats | undefined> {
  return await stat(path).catch(() => undefined);
}

function stateOf(status: Stats | undefined): string {
  return status === undefined ? 'none' : `${status.ino}:${status.size}:${status.mtimeMs}`;
}
