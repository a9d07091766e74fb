/** Counts open connections, in all and from each address, and says when there are too many. */
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
    const here = this.#perAddress.get(address) ?? 0;
    if (this.#total >= this.#max) return `${this.#max} connections are open already`;
    if (here >= this.#maxPerAddress) return `${this.#maxPerAddress} connections are open from there already`;
    this.#total += 1;
    this.#perAddress.set(address, here + 1);
    return undefined;
  }

  leave(address: string): void {
    const here = this.#perAddress.get(address) ?? 0;
    if (here === 0) return;
    this.#total -= 1;
    if (here === 1) this.#perAddress.delete(address);
    else this.#perAddress.set(address, here - 1);
  }
}
