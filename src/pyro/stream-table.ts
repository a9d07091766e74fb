import { randomUUID } from 'node:crypto';

/** What a method returned to be fetched item by item. */
export type ItemSource = Iterator<unknown> | AsyncIterator<unknown>;

export interface StreamLimits {
  /** Most streams that one connection may have open. */
  readonly maxPerConnection: number;
  /** A stream that nobody fetched from for so long is ended. */
  readonly idleMs: number;
}

interface OpenStream {
  readonly owner: object;
  readonly source: ItemSource;
  /** Tells the method that nobody waits any more: a generator hears of its end only where it yields. */
  readonly abandon: (() => void) | undefined;
  lastUse: number;
  /** Fetches that are not answered. */
  waiting: number;
  /** The fetch before: items come in the order they were asked for. */
  last: Promise<unknown> | undefined;
}

/** The streams of a server. Each belongs to the connection whose call began it and ends with it. It has no clock of its own. */
export class StreamTable {
  readonly #limits: StreamLimits;
  readonly #streams = new Map<string, OpenStream>();
  readonly #counts = new WeakMap<object, number>();

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#streams.size;
  }

  /**
   * @param abandon called when the stream is ended early, also while an item is being waited for
   * @returns the stream's name, or undefined when its owner has too many; then the source is ended
   */
  open(owner: object, source: ItemSource, now: number, abandon?: () => void): string | undefined {
    const count = this.#counts.get(owner) ?? 0;
    if (count >= this.#limits.maxPerConnection) {
      abandon?.();
      end(source);
      return undefined;
    }
    this.#counts.set(owner, count + 1);
    const id = randomUUID();
    this.#streams.set(id, { owner, source, abandon, lastUse: now, waiting: 0, last: undefined });
    return id;
  }

  /** The next item; undefined when there is no such stream of this owner. A stream that ends or fails is forgotten. */
  async next(owner: object, id: string, now: number): Promise<IteratorResult<unknown> | undefined> {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.owner !== owner) return undefined;
    stream.lastUse = now;
    const before = stream.last;
    const fetched = (async () => {
      if (before !== undefined) await before.catch(() => {});
      return await stream.source.next();
    })();
    stream.last = fetched;
    stream.waiting += 1;
    try {
      const result = await fetched;
      stream.waiting -= 1;
      if (result.done === true) this.#forget(id);
      return result;
    } catch (error) {
      this.#forget(id);
      throw error;
    }
  }

  /** Ends a stream early. Pyro's proxies may ask for it over another connection; they know its name. */
  close(id: string): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#forget(id);
    stream.abandon?.();
    end(stream.source);
  }

  /** Ends all streams of a connection, or all there are. */
  closeAll(owner?: object): void {
    for (const [id, stream] of this.#streams)
      if (owner === undefined || stream.owner === owner) this.close(id);
  }

  /** Ends the streams that were idle too long: one that is waited for is not. */
  sweep(now: number): void {
    for (const [id, stream] of this.#streams) {
      if (stream.waiting > 0) stream.lastUse = now;
      else if (now - stream.lastUse > this.#limits.idleMs) this.close(id);
    }
  }

  #forget(id: string): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    this.#counts.set(stream.owner, (this.#counts.get(stream.owner) ?? 1) - 1);
  }
}

/** A generator and nothing else: arrays, texts and maps are values. */
export function isItemSource(value: unknown): value is ItemSource {
  if (typeof value !== 'object' || value === null) return false;
  const iterator = value as { next?: unknown; [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown };
  return (
    typeof iterator.next === 'function' &&
    (typeof iterator[Symbol.iterator] === 'function' || typeof iterator[Symbol.asyncIterator] === 'function')
  );
}

/** Lets a generator clean up. What it does then is nobody's answer any more. */
function end(source: ItemSource): void {
  void (async () => {
    await source.return?.();
  })().catch(() => {});
}
