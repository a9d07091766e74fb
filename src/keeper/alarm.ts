import type { Clock } from '../kit/index.ts';

/** Longest sleep: the wall clock may be set, and a sleep does not notice. */
const LONGEST_SLEEP_MS = 60_000;
/** A clock that is off by more than this after a sleep was set, or the machine slept. */
const JUMP_MS = 30_000;

/** The one timer of a keeper: wakes at the earliest time asked for, and at least each minute. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: (now: number, jumpMs: number) => void;
  #sleep: AbortController | undefined;
  #setAt = 0;
  #wakesAt = 0;

  /** @param ring told the time, and by how much the clock has jumped (0 = not) */
  constructor(clock: Clock, ring: (now: number, jumpMs: number) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Wakes at `at` at the latest. An earlier time set before stays. */
  wakeBy(at: number): void {
    const now = this.#clock.now().getTime();
    const capped = Math.max(now, Math.min(at, now + LONGEST_SLEEP_MS));
    if (this.#sleep !== undefined && this.#wakesAt <= capped) return;
    // Whoever sets it anew must not hide a jump: it is told at once, by waking.
    const isJump = this.#sleep !== undefined && this.#jumpAt(now) !== 0;
    this.#sleep?.abort();
    if (!isJump) this.#setAt = now;
    this.#start(isJump ? 0 : capped - now, isJump ? this.#wakesAt : capped);
  }

  cancel(): void {
    this.#sleep?.abort();
    this.#sleep = undefined;
  }

  #start(milliseconds: number, wakesAt: number): void {
    const sleep = new AbortController();
    this.#sleep = sleep;
    this.#wakesAt = wakesAt;
    this.#clock.sleep(milliseconds, sleep.signal).then(
      () => {
        if (this.#sleep !== sleep) return;
        this.#sleep = undefined;
        const now = this.#clock.now().getTime();
        this.#ring(now, this.#jumpAt(now));
      },
      () => {},
    );
  }

  #jumpAt(now: number): number {
    if (now > this.#wakesAt + JUMP_MS) return now - this.#wakesAt;
    if (now < this.#setAt - JUMP_MS) return now - this.#setAt;
    return 0;
  }
}
