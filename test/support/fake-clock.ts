import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/kit/index.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. Sleeps run by an inner clock that jumps of the wall clock do not touch. */
export class FakeClock implements Clock {
  #wall: number;
  #inner = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(start = '2026-11-22T12:00:00Z') {
    this.#wall = Date.parse(start);
  }

  /** How many sleep just now. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  now(): Date {
    return new Date(this.#wall);
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#inner + Math.max(0, milliseconds), wake: resolve };
      this.#sleepers.add(sleeper);
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Moves on; whatever was to wake meanwhile wakes at its time, and has its turns before time goes on. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#inner + milliseconds;
    await this.settle();
    for (;;) {
      let next: Sleeper | undefined;
      for (const sleeper of this.#sleepers) if (next === undefined || sleeper.at < next.at) next = sleeper;
      if (next === undefined || next.at > until) break;
      this.#step(next.at - this.#inner);
      this.#sleepers.delete(next);
      next.wake();
      await this.settle();
    }
    this.#step(until - this.#inner);
    await this.settle();
  }

  /** Sets the wall clock, as NTP or a suspended machine does; sleeps do not notice. */
  jump(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  /** Lets everything run that needs no time. */
  async settle(turns = 4): Promise<void> {
    for (let n = 0; n < turns; n += 1) await turn();
  }

  #step(milliseconds: number): void {
    this.#inner += milliseconds;
    this.#wall += milliseconds;
  }
}
