/**
 * Runs tasks that share a key one after the other: read, decide and write of one credential must not interleave
 * with another client's. Keys without a running task cost nothing.
 */
export class Exclusive {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<Value>(key: string, task: () => Promise<Value>): Promise<Value> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(task, task);
    const tail = result.catch(() => {});
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
