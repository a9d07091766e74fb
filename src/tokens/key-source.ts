import type { PublishedKey } from './published-key.ts';

/** Where the keys of an issuer come from. */
export interface KeySource {
  /**
   * All keys of an issuer. Asked again with `unknownKeyId` when the token names a key that was not among them: a source that
   * remembers may look again, seldom.
   *
   * @throws LatchkeyError `tokens/issuer` (often `retryable`) when they cannot be had
   */
  keysOf(issuer: string, unknownKeyId?: string): Promise<readonly PublishedKey[]>;
}
