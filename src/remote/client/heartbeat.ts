import { setTimeout as delay } from 'node:timers/promises';

/**
 * Does something again and again until it is stopped; a failure is left to the next time.
 *
 * @returns what stops it: nothing begins any more, and what is under way is told by its signal
 */
export function startHeartbeat(
  beat: (signal: AbortSignal) => Promise<unknown>,
  intervalMs: number,
): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  const beating = async (): Promise<void> => {
    while (!signal.aborted) {
      await delay(intervalMs, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await beat(signal).catch(() => {});
    }
  };
  void beating();
  return () => stopping.abort();
}
