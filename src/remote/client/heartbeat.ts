import { setTimeout as delay } from 'node:timers/promises';

/**
 * Does something again and again until it is stopped; a failure is left to the next time.
 *
 * @returns what stops it, and waits for what is under way
 */
export function startHeartbeat(
  beat: (signal: AbortSignal) => Promise<unknown>,
  intervalMs: number,
): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const beating = (async () => {
    while (!signal.aborted) {
      await delay(intervalMs, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await beat(signal).catch(() => {});
    }
  })();
  return async () => {
    stopping.abort();
    await beating;
  };
}
