import { addressGroup } from '../repository/index.ts';

/**
 * Counts open connections, in all and from each address, and says when there are too many. IPv6 addresses count by
 * their /64: a customer has all of those.
 */
export class ConnectionCounter {
  readonly #max: number;
  readonly #maxPerAddress: number;
  readonly #perAddress = new Map<string, number>();
  #total = 0;

  constructor(max: number, maxPerAddress: number) {
    this.#max = max;
    this.#maxPerAddress = maxPerAddress;
  }

  /** Counts one more, or says why not. Every success must be followed by one {@link ConnectionCounter.leave}. */
  enter(address: string): string | undefined {
    const group = addressGroup(address);
    const here = this.#perAddress.get(group) ?? 0;
    if (this.#total >= this.#max) return `${this.#max} connections are open already`;
    if (here >= this.#maxPerAddress) return `${this.#maxPerAddress} connections are open from there already`;
    this.#total += 1;
    this.#perAddress.set(group, here + 1);
    return undefined;
  }

  leave(address: string): void {
    const group = addressGroup(address);
    const here = this.#perAddress.get(group) ?? 0;
    if (here === 0) return;
    this.#total -= 1;
    if (here === 1) this.#perAddress.delete(group);
    else this.#perAddress.set(group, here - 1);
  }
}
