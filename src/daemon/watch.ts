import { stat } from 'node:fs/promises';
import type { Clock } from '../kit/index.ts';

const CHECK_INTERVAL_MS = 500;

/** Notices that files have changed, by time, size and inode; looks at most twice a second. */
export class Watch {
  readonly #paths: readonly string[];
  readonly #clock: Clock;
  #state: string | undefined;
  #checked = Number.NEGATIVE_INFINITY;

  constructor(paths: readonly string[], clock: Clock) {
    this.#paths = [...new Set(paths)];
    this.#clock = clock;
  }

  /** True once after each change; false the first time. A file that is not there counts as a state of its own. */
  async hasChanged(): Promise<boolean> {
    const now = this.#clock.now().getTime();
    if (this.#paths.length === 0 || Math.abs(now - this.#checked) < CHECK_INTERVAL_MS) return false;
    this.#checked = now;
    const states = await Promise.all(this.#paths.map(stateOf));
    const state = states.join('/');
    const before = this.#state;
    this.#state = state;
    return before !== undefined && before !== state;
  }
}

async function stateOf(path: string): Promise<string> {
  const status = await stat(path).catch(() => undefined);
  return status === undefined ? 'none' : `${status.ino}:${status.size}:${status.mtimeMs}`;
}
