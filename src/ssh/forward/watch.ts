import type { Clock } from '../../kit/index.ts';
import type { ManagedForward } from './forward.ts';

/** At once are looked at. */
const MAX_AT_ONCE = 8;
/** Between two looks that somebody's failed connection asks for; with many forwards as many times longer. */
const ALARM_GAP_MS = 1000;
const GAP_MS_EACH = 20;
/** What does not work is looked at sooner, at first. */
const FIRST_MS = 2000;

/**
 * Milliseconds until a forward is looked at again: the full time after one that works, 2, 4, 8 … s after one that does not, never more than the
 * full time.
 *
 * @param failures how many looks in a row found it not working
 */
export function lookAgainMs(failures: number, everyMs: number): number {
  return failures === 0 ? everyMs : Math.min(everyMs, FIRST_MS * 2 ** Math.min(failures - 1, 20));
}

interface Watched {
  leftMs: number;
  failures: number;
}

/**
 * Looks at forwards now and then, and soon after ssh has said that a connection failed. One loop for all of them, a bounded number of
 * looks at once; it ends with the last forward.
 */
export class ForwardWatch {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #look: (forward: ManagedForward, failures: number) => Promise<void>;
  readonly #watched = new Map<ManagedForward, Watched>();
  #isRunning = false;
  #isAlarmed = false;
  #wake: (() => void) | undefined;

  /** @param look must not reject; it leaves what it found in the forward's state, and is told how many looks before it failed */
  constructor(
    clock: Clock,
    everyMs: number,
    look: (forward: ManagedForward, failures: number) => Promise<void>,
  ) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#look = look;
  }

  add(forward: ManagedForward): void {
    this.#watched.set(forward, { leftMs: this.#next(forward, 0), failures: works(forward) ? 0 : 1 });
    if (!this.#isRunning) void this.#run();
  }

  remove(forward: ManagedForward): void {
    this.#watched.delete(forward);
    if (this.#watched.size === 0) this.#wake?.();
  }

  /** A connection through one of them failed: what was thought to work is looked at soon. */
  alarm(): void {
    this.#isAlarmed = true;
    this.#wake?.();
  }

  #next(forward: ManagedForward, failures: number): number {
    return lookAgainMs(works(forward) ? 0 : failures + 1, this.#everyMs);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    this.#isAlarmed = false;
    while (this.#watched.size > 0) {
      const pause = Math.min(...[...this.#watched.values()].map(({ leftMs }) => leftMs));
      const passed = await this.#pause(pause);
      const isAlarm = this.#isAlarmed;
      this.#isAlarmed = false;
      const due: ManagedForward[] = [];
      for (const [forward, watched] of this.#watched) {
        watched.leftMs -= passed;
        if (watched.leftMs <= 0 || (isAlarm && works(forward))) due.push(forward);
      }
      await this.#lookAt(due);
    }
    this.#isRunning = false;
  }

  async #lookAt(due: readonly ManagedForward[]): Promise<void> {
    const rest = [...due];
    const one = async () => {
      for (let forward = rest.shift(); forward !== undefined; forward = rest.shift()) {
        const watched = this.#watched.get(forward);
        if (watched === undefined) continue;
        await this.#look(forward, watched.failures);
        watched.leftMs = this.#next(forward, watched.failures);
        watched.failures = works(forward) ? 0 : watched.failures + 1;
      }
    };
    await Promise.all(Array.from({ length: MAX_AT_ONCE }, one));
  }

  /** Resolves with the time that has passed at least: an alarm may cut it short. */
  async #pause(milliseconds: number): Promise<number> {
    const gap = Math.min(milliseconds, ALARM_GAP_MS + GAP_MS_EACH * this.#watched.size);
    await this.#sleep(gap, () => this.#watched.size === 0);
    await this.#sleep(milliseconds - gap, () => this.#watched.size === 0 || this.#isAlarmed);
    return this.#isAlarmed ? gap : milliseconds;
  }

  async #sleep(milliseconds: number, isOver: () => boolean): Promise<void> {
    if (milliseconds <= 0 || isOver()) return;
    const woken = new AbortController();
    this.#wake = () => {
      if (isOver()) woken.abort();
    };
    await this.#clock.sleep(milliseconds, woken.signal).catch(() => {});
    this.#wake = undefined;
  }
}

function works(forward: ManagedForward): boolean {
  return forward.state === 'proven' || (forward.state === 'listening' && forward.cause === undefined);
}
