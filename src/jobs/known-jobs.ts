import type { JobEntry } from './job-entry.ts';

/** Jobs that have ended are remembered up to so many. */
const MOST_ENDED = 1000;

/**
 * The jobs that a service has met, so that two who take up the same one have the same. Of those that have ended only the last are
 * kept; whoever holds an older one goes on holding it.
 */
export class KnownJobs {
  readonly #open = new Map<string, JobEntry>();
  readonly #ended = new Map<string, JobEntry>();
  readonly #mostEnded: number;

  constructor(mostEnded = MOST_ENDED) {
    this.#mostEnded = mostEnded;
  }

  get size(): number {
    return this.#open.size + this.#ended.size;
  }

  get(id: string): JobEntry | undefined {
    return this.#open.get(id) ?? this.#ended.get(id);
  }

  add(entry: JobEntry): void {
    this.#open.set(entry.id, entry);
  }

  ended(entry: JobEntry): void {
    if (!this.#open.delete(entry.id)) return;
    this.#ended.set(entry.id, entry);
    for (const id of this.#ended.keys()) {
      if (this.#ended.size <= this.#mostEnded) break;
      this.#ended.delete(id);
    }
  }

  delete(entry: JobEntry): void {
    this.#open.delete(entry.id);
    this.#ended.delete(entry.id);
  }
}
