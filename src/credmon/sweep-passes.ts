import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DirectoryScan } from './scan.ts';

/** One pass over the credential directory, as it went. */
export interface PassFacts {
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly users: number;
  /** True for a look into every directory, false for one at those that changed. */
  readonly every: boolean;
}

/** How {@link startPasses} goes about it. */
export interface PassOptions {
  readonly scan: DirectoryScan;
  /** Seconds between passes when nobody wakes us. */
  readonly everySeconds: number;
  /** Before a pass: what is waiting in hints has been looked at. Called after it, too, when it has ended well. */
  readonly onPass: (facts: PassFacts) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** The passes over the directory: the truth, whatever hints were missed. */
export interface Passes {
  /** Looks now; settles after a pass that began after the call. */
  wake(): Promise<void>;
  /** Looks at one user as soon as possible, before any pass. */
  hint(user: string): void;
  /** Looks into every directory, whatever has changed. */
  lookAtAll(): Promise<void>;
  close(): Promise<void>;
}

/** A look into every directory is made at least this often: times on files can lie. */
const FULL_LOOK_MS = 600_000;
const HINT_SLICE_MS = 3;

/** Starts with a look into everything, at once. */
export function startPasses({ scan, everySeconds, onPass, onError }: PassOptions): Passes {
  const ending = new AbortController();
  const { signal } = ending;
  const hints = new Set<string>();
  let isHintTurnDue = false;
  let fullLookAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const lookAtHints = (): void => {
    isHintTurnDue = false;
    const until = performance.now() + HINT_SLICE_MS;
    for (const user of hints) {
      hints.delete(user);
      scan.look(user);
      if (performance.now() > until) break;
    }
    if (hints.size > 0) dueHints();
  };
  const dueHints = (): void => {
    if (!isHintTurnDue) setImmediate(lookAtHints);
    isHintTurnDue = true;
  };

  const pass = async (): Promise<void> => {
    clearTimeout(timer);
    const startedAt = new Date();
    const began = performance.now();
    const every = began >= fullLookAt;
    try {
      // What the kernel told before the signal came is heard, looked at and answered within some turns: before thousands are looked at.
      for (let turn = 0; turn < 6; turn += 1) await nextTurn();
      if (await scan.pass({ every, signal })) {
        if (every) fullLookAt = began + FULL_LOOK_MS;
        await onPass({ startedAt, durationMs: performance.now() - began, users: scan.users, every });
      }
    } catch (error) {
      onError(error);
    }
    if (signal.aborted) return;
    clearTimeout(timer);
    timer = setTimeout(() => void wake(), everySeconds * 1000);
  };

  const begin = (): Promise<void> => {
    running = pass().finally(() => {
      running = undefined;
    });
    return running;
  };

  const wake = (): Promise<void> => {
    if (signal.aborted) return Promise.resolve();
    lookAtHints();
    if (running === undefined) return begin();
    // However many call: one more pass after this one answers them all.
    next ??= running.then(() => {
      next = undefined;
      return signal.aborted ? undefined : begin();
    });
    return next;
  };

  void begin();
  return {
    wake,
    hint: (user) => {
      if (signal.aborted) return;
      hints.add(user);
      dueHints();
    },
    lookAtAll: () => {
      fullLookAt = 0;
      return wake();
    },
    close: () => {
      ending.abort();
      clearTimeout(timer);
      hints.clear();
      return running ?? Promise.resolve();
    },
  };
}
