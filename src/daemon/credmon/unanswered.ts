import type { Keeper } from '../../keeper/index.ts';

/** Requests for tokens that this machine signs, and that have none yet. */
export interface Unanswered {
  /** Somebody may be waiting: whatever made it fail may be mended by now. */
  tryAgain(): void;
  /** Waits until each has been tried once, but not for long. */
  firstAnswers(ending: AbortSignal): Promise<void>;
}

/** A lease that nobody serves is tried at most this often when the monitor is woken. */
const RETRY_MS = 1_000;
const DENIED_RETRY_MS = 3_000;
/** … and so many at a time. */
const MAX_RETRIES = 500;
/** So long does the first pass wait for the tokens that this machine signs itself, before it says that it is complete. */
const FIRST_ANSWERS_MS = 5_000;
const LOOK_MS = 20;

/** @param unanswered the ids of their leases */
export function createUnanswered(keeper: Keeper, unanswered: () => Iterable<string>): Unanswered {
  let triedAt = Number.NEGATIVE_INFINITY;
  const isAnswerDue = (): boolean => {
    for (const id of unanswered()) if ((keeper.status(id)?.failures ?? 1) === 0) return true;
    return false;
  };
  return {
    tryAgain() {
      const now = performance.now();
      if (now - triedAt < RETRY_MS) return;
      triedAt = now;
      let tried = 0;
      for (const id of unanswered()) {
        const status = keeper.status(id);
        if (status?.lastError === undefined || status.failures === 0) continue;
        // Whoever was denied has an answer, if an empty one: less often.
        const isDenied = status.lastError.code === 'credmon/denied';
        if (isDenied && Date.now() - status.lastError.at.getTime() < DENIED_RETRY_MS) continue;
        tried += 1;
        if (tried > MAX_RETRIES) break;
        void keeper.renewNow(id).catch(() => {});
      }
    },

    async firstAnswers(ending) {
      const until = performance.now() + FIRST_ANSWERS_MS;
      while (performance.now() < until && !ending.aborted && isAnswerDue())
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    },
  };
}
