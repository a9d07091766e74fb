import { createHmac, type KeyObject, randomBytes } from 'node:crypto';
import { type Clock, LruCache, type Secret } from '../kit/index.ts';

/**
 * Remembers which pass phrase opened which credential, for a short time, as a keyed hash of both: the pass phrase is
 * not kept, and the hash is worthless outside this process. The keys are Node's `KeyObject`s.
 */
export class UnlockMemory {
  readonly #hashKey = randomBytes(32);
  readonly #keys: LruCache<string, KeyObject>;
  readonly #lifetimeMs: number;
  #sweep: NodeJS.Timeout | undefined;

  constructor(maxEntries: number, lifetimeMs: number, clock: Clock) {
    this.#keys = new LruCache(lifetimeMs > 0 ? maxEntries : 0, lifetimeMs, clock);
    this.#lifetimeMs = lifetimeMs;
  }

  /** HMAC-SHA256 over both, the credential with its length before it. */
  token(pem: Secret, passPhrase: Secret): string {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(pem.length);
    return createHmac('sha256', this.#hashKey)
      .update(length)
      .update(pem.reveal())
      .update(passPhrase.reveal())
      .digest('base64');
  }

  recall(token: string): KeyObject | undefined {
    return this.#keys.get(token);
  }

  remember(token: string, key: KeyObject): void {
    if (this.#lifetimeMs <= 0) return;
    this.#keys.set(token, key);
    this.#sweepLater();
  }

  /** Entries expire when they are asked for; of keys nobody asks for again, nothing shall stay either. */
  #sweepLater(): void {
    if (this.#sweep !== undefined) return;
    this.#sweep = setTimeout(() => {
      this.#sweep = undefined;
      this.#keys.prune();
      if (this.#keys.size > 0) this.#sweepLater();
    }, this.#lifetimeMs);
    this.#sweep.unref();
  }

  forget(): void {
    clearTimeout(this.#sweep);
    this.#sweep = undefined;
    this.#keys.clear();
  }
}
