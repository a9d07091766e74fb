/** Work that is never cut off, nor done twice at a time for the same thing. */
export interface UnbrokenWork {
  /** Runs it after what runs for `key` already. */
  run<Value>(key: string, work: () => Promise<Value>): Promise<Value>;
  /** Settles when nothing runs. */
  settled(): Promise<void>;
}

/** Keeps account of such work. */
export function unbrokenWork(): UnbrokenWork {
  const running = new Map<string, Promise<unknown>>();
  return {
    run: (key, work) => {
      const before = running.get(key) ?? Promise.resolve();
      const mine = before.then(work, work);
      running.set(key, mine);
      const end = (): void => {
        if (running.get(key) === mine) running.delete(key);
      };
      mine.then(end, end);
      return mine;
    },
    settled: async () => {
      await Promise.allSettled(running.values());
    },
  };
}
