import { generateKeyPair, type KeyPair } from '../../x509/index.ts';

/** How a {@link KeyPool} works. */
export interface KeyPoolOptions {
  /** Pairs kept ready; default 4. */
  readonly ready?: number;
  /** RSA bits; default 2048. */
  readonly bits?: number;
  /** Makes one pair; default RSA of `bits`. */
  readonly generate?: () => Promise<KeyPair>;
}

/**
 * Key pairs made ahead of need, because an RSA pair takes a quarter of a second and a client of PUT waits for it.
 * Never more than one is made ahead at a time, so that a burst of PUTs leaves threads for everybody else.
 */
export class KeyPool {
  readonly #ready: KeyPair[] = [];
  readonly #capacity: number;
  readonly #generate: () => Promise<KeyPair>;
  #refilling = false;
  #closed = false;

  constructor({ ready = 4, bits = 2048, generate }: KeyPoolOptions = {}) {
    this.#capacity = ready;
    this.#generate = generate ?? (() => generateKeyPair({ type: 'rsa', bits }));
  }

  /** Pairs that wait for somebody. */
  get size(): number {
    return this.#ready.length;
  }

  /** A pair nobody else gets: a ready one, or one made now. */
  async take(): Promise<KeyPair> {
    const pair = this.#ready.shift();
    this.fill();
    return pair ?? (await this.#generate());
  }

  /** Starts making pairs in the background until the pool is full; does nothing when that is under way. */
  fill(): void {
    if (this.#refilling || this.#closed) return;
    this.#refilling = true;
    void this.#refill();
  }

  /** No more pairs are made ahead; the ready ones are dropped. */
  close(): void {
    this.#closed = true;
    this.#ready.length = 0;
  }

  async #refill(): Promise<void> {
    try {
      while (!this.#closed && this.#ready.length < this.#capacity) this.#ready.push(await this.#generate());
    } catch {
      // take() makes its own pair then, and reports what is wrong.
    } finally {
      this.#refilling = false;
      if (this.#closed) this.#ready.length = 0;
    }
  }
}
