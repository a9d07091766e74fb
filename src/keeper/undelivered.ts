import type { Credential } from './credential.ts';
import type { LeaseEntry } from './lease-entry.ts';

const MAX_COUNT = 1000;
const MAX_BYTES = 16 << 20;

/**
 * Credentials that were obtained and could not be delivered yet (a full disk), so that their sources need not be asked
 * again. At most 1000 and 16 MiB; what does not fit is asked for again.
 */
export class UndeliveredStore {
  #count = 0;
  #bytes = 0;

  keep(entry: LeaseEntry, credential: Credential): void {
    this.drop(entry);
    const { length } = credential.bytes;
    if (this.#count >= MAX_COUNT || this.#bytes + length > MAX_BYTES) return;
    this.#count += 1;
    this.#bytes += length;
    entry.undelivered = credential;
  }

  drop(entry: LeaseEntry): void {
    if (entry.undelivered === undefined) return;
    this.#count -= 1;
    this.#bytes -= entry.undelivered.bytes.length;
    entry.undelivered = undefined;
  }
}
