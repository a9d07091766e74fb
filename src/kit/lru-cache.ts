import { type Clock, systemClock } from './clock.ts';

/** A bounded map that forgets the least recently used entry, and every entry after its time. */
export class LruCache<Key, Value> {
  readonly #entries = new Map<Key, { value: Value; expires: number }>();
  readonly #maxEntries: number;
  readonly #lifetimeMs: number;
  readonly #clock: Clock;
  readonly #onForgotten: (value: Value) => void;

  /**
   * @param lifetimeMs milliseconds an entry lives after it was set; default for ever
   * @param onForgotten told of every entry that is dropped, unless somebody deletes or replaces it
   */
  constructor(
    maxEntries: number,
    lifetimeMs = Number.POSITIVE_INFINITY,
    clock: Clock = systemClock,
    onForgotten: (value: Value) => void = () => {},
  ) {
    this.#maxEntries = maxEntries;
    this.#lifetimeMs = lifetimeMs;
    this.#clock = clock;
    this.#onForgotten = onForgotten;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.expires <= this.#clock.now().getTime()) {
      this.#onForgotten(entry.value);
      return undefined;
    }
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, expires: this.#clock.now().getTime() + this.#lifetimeMs });
    if (this.#entries.size > this.#maxEntries) {
      for (const [oldest, entry] of this.#entries) {
        this.#entries.delete(oldest);
        this.#onForgotten(entry.value);
        break;
      }
    }
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  /** Drops every entry whose time is over; otherwise that happens when it is looked at. */
  prune(): void {
    const now = this.#clock.now().getTime();
    for (const [key, entry] of this.#entries) {
      if (entry.expires > now) continue;
      this.#entries.delete(key);
      this.#onForgotten(entry.value);
    }
  }

  clear(): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { value } of entries) this.#onForgotten(value);
  }
}
