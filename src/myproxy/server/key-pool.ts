import { generateKeyPair, type KeyPair } from '../../x509/index.ts';
import { refusal } from './refusal.ts';

/** How a {@link KeyPool} works. */
export interface KeyPoolOptions {
  /** Pairs kept ready; default 4. */
  readonly ready?: number;
  /** RSA bits; default 2048. */
  readonly bits?: number;
  /** Makes one pair; default RSA of `bits`. */
  readonly generate?: () => Promise<KeyPair>;
}

/** Most clients that wait for a pair; at four pairs a second the last of them waits half a minute. */
const MAX_WAITING = 128;

/** A client that waits for a pair. */
interface Waiting {
  readonly resolve: (pair: KeyPair) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Key pairs made ahead of need, because an RSA pair takes a quarter of a second and a client of PUT waits for it.
 * Never more than one is being made at a time, ahead or not, so that a burst of PUTs leaves threads for everybody
 * else; who hangs up while waiting costs nothing.
 */
export class KeyPool {
  readonly #ready: KeyPair[] = [];
  readonly #waiting = new Set<Waiting>();
  readonly #capacity: number;
  readonly #generate: () => Promise<KeyPair>;
  #filling = false;
  #closed = false;

  constructor({ ready = 4, bits = 2048, generate }: KeyPoolOptions = {}) {
    this.#capacity = ready;
    this.#generate = generate ?? (() => generateKeyPair({ type: 'rsa', bits }));
  }

  /** Pairs that wait for somebody. */
  get size(): number {
    return this.#ready.length;
  }

  /**
   * A pair nobody else gets: a ready one, or the next one made.
   *
   * @throws LatchkeyError `repository/throttled` with refusal lines when too many wait; the signal's reason
   */
  async take(signal?: AbortSignal): Promise<KeyPair> {
    const pair = this.#ready.shift();
    if (pair === undefined && this.#waiting.size >= MAX_WAITING) {
      const lines = ['Failed to accept credentials.', 'too many wait for a key pair: try again later'];
      throw refusal(lines, undefined, 'repository/throttled');
    }
    const taken = pair === undefined ? this.#wait(signal) : Promise.resolve(pair);
    this.fill();
    return taken;
  }

  /** Starts making pairs in the background until the pool is full; does nothing when that is under way. */
  fill(): void {
    if (this.#filling || !this.#isWanted()) return;
    this.#filling = true;
    void this.#fill();
  }

  /** No more pairs are made ahead; the ready ones are dropped. */
  close(): void {
    this.#closed = true;
    this.#ready.length = 0;
  }

  #isWanted(): boolean {
    return this.#waiting.size > 0 || (!this.#closed && this.#ready.length < this.#capacity);
  }

  #wait(signal: AbortSignal | undefined): Promise<KeyPair> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { resolve, reject };
      const giveUp = (): void => {
        this.#waiting.delete(waiting);
        reject(signal?.reason);
      };
      if (signal?.aborted) return giveUp();
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(waiting);
    });
  }

  async #fill(): Promise<void> {
    while (this.#isWanted()) {
      let pair: KeyPair;
      try {
        pair = await this.#generate();
      } catch (error) {
        const first = this.#next();
        // With nobody to tell, it is left to whoever takes one.
        if (first === undefined) break;
        first.reject(error);
        continue;
      }
      const next = this.#next();
      if (next !== undefined) next.resolve(pair);
      else if (!this.#closed) this.#ready.push(pair);
    }
    this.#filling = false;
  }

  #next(): Waiting | undefined {
    const [first] = this.#waiting;
    if (first !== undefined) this.#waiting.delete(first);
    return first;
  }
}
