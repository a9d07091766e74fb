/** A message that has not come for so long is waited for asleep. */
const PATIENCE_MS = 0.1;
/** Where messages take longer than that when they are waited for asleep, no trial is made awake. */
const WORTH_TRYING_MS = 0.2;
/** A single late message says little: it counts as no more than this. */
const LATEST_MS = 0.5;
/** Awake must be that much quicker. */
const GAIN = 0.75;
const TRIAL = 32;
/** For so many messages the verdict of the trials holds. */
const TERM = 1024;
/** So many in a row that are not there in time end a term awake. */
const LATE_ENOUGH = 4;

type Term = 'trial asleep' | 'trial awake' | 'verdict';

/** What a {@link Vigil} sees of the world. */
export interface VigilGround {
  /** False where the other side cannot run while this one is awake: with a single processor. */
  readonly isUseful: boolean;
  /** Milliseconds that only go forward. */
  now(): number;
  /** Calls back after the event loop has looked for news once, without sleeping. */
  soon(look: () => void): void;
}

/**
 * Keeps the event loop from falling asleep while a message is expected, where that is quicker. A processor that sleeps takes some 0.03 ms to
 * wake up, more than a small call costs both sides; on a machine with other work none sleeps, and staying awake takes time from others.
 * So both are tried, 32 messages each, and the quicker one is kept for the next 1024. Awake is never longer than 0.1 ms at a time.
 */
export class Vigil {
  readonly #ground: VigilGround;
  #term: Term = 'trial asleep';
  #staysAwake = false;
  #left = TRIAL;
  #sumMs = 0;
  #asleepMs = 0;
  #late = 0;
  #since: number | undefined;
  #isLooking = false;

  constructor(ground: VigilGround) {
    this.#ground = ground;
  }

  /** Something was sent, and the other side is to say something next. */
  expect(): void {
    if (this.#since !== undefined || !this.#ground.isUseful) return;
    this.#since = this.#ground.now();
    if (!this.#staysAwake || this.#isLooking) return;
    this.#isLooking = true;
    this.#ground.soon(this.#look);
  }

  /** Something came. */
  came(): void {
    if (this.#since === undefined) return;
    const tookMs = this.#ground.now() - this.#since;
    this.#since = undefined;
    this.#sumMs += Math.min(tookMs, LATEST_MS);
    this.#late = tookMs > PATIENCE_MS ? this.#late + 1 : 0;
    this.#left -= 1;
    if (this.#staysAwake && this.#late >= LATE_ENOUGH) this.#decide(false);
    else if (this.#left === 0) this.#next();
  }

  #next(): void {
    const meanMs = this.#sumMs / TRIAL;
    if (this.#term === 'verdict') this.#begin('trial asleep', false, TRIAL);
    else if (this.#term === 'trial awake') this.#decide(meanMs < GAIN * this.#asleepMs);
    else if (meanMs > WORTH_TRYING_MS) this.#decide(false);
    else {
      this.#asleepMs = meanMs;
      this.#begin('trial awake', true, TRIAL);
    }
  }

  #decide(staysAwake: boolean): void {
    this.#begin('verdict', staysAwake, TERM);
  }

  #begin(term: Term, staysAwake: boolean, messages: number): void {
    this.#term = term;
    this.#staysAwake = staysAwake;
    this.#left = messages;
    this.#sumMs = 0;
    this.#late = 0;
  }

  readonly #look = (): void => {
    const since = this.#since;
    this.#isLooking = this.#staysAwake && since !== undefined && this.#ground.now() - since <= PATIENCE_MS;
    if (this.#isLooking) this.#ground.soon(this.#look);
  };
}
