import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError } from '../../kit/index.ts';

/** One thing to give back. */
export interface Release {
  /** For the error when it does not end: `the job`. */
  readonly what: string;
  readonly run: () => Promise<unknown>;
}

const RELEASE_MS = 10_000;

/**
 * Gives everything back, in order, whatever fails: one that fails or does not end in time does not keep the others.
 *
 * @throws the first failure, when all is done; the others are in its `details.alsoFailed`
 */
export async function releaseAll(steps: readonly Release[], timeoutMs = RELEASE_MS): Promise<void> {
  const failed: unknown[] = [];
  for (const { what, run } of steps) {
    const waiting = new AbortController();
    try {
      await Promise.race([run(), tooLate(what, timeoutMs, waiting.signal)]);
    } catch (error) {
      failed.push(error);
    } finally {
      waiting.abort();
    }
  }
  const [first, ...others] = failed;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new LatchkeyError('remote/release', `not everything could be given back: ${messageOf(first)}`, {
    cause: first,
    details: { alsoFailed: others.map(messageOf) },
  });
}

async function tooLate(what: string, ms: number, signal: AbortSignal): Promise<never> {
  await delay(ms, undefined, { signal }).catch(() => new Promise<never>(() => {}));
  throw new LatchkeyError('remote/timed-out', `giving back ${what} takes longer than ${ms / 1000} s`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
