import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/kit/index.ts';

/** A clock that skips every wait: a sleep is over at once, and it is later then. For one who waits at a time. */
export class SkippingClock implements Clock {
  #now: number;
  /** What happens while somebody sleeps. */
  onSleep: () => void = () => {};

  constructor(start: Date = new Date('2026-11-22T12:00:00Z')) {
    this.#now = start.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#now += Math.max(0, milliseconds);
    this.onSleep();
    await turn();
    signal?.throwIfAborted();
  }
}
