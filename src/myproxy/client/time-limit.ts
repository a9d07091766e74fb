import { type Clock, LatchkeyError } from '../../kit/index.ts';

/** What bounds one wait. */
export interface TimeLimit {
  /** What is waited for: "no TLS handshake with x:7512". */
  readonly what: string;
  readonly milliseconds: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for `work`, but no longer than the limit or until the signal. Whatever way it fails, `stop` is called, which
 * must end the work.
 *
 * @throws LatchkeyError `myproxy/timed-out`, `myproxy/cancelled`
 */
export async function within<Value>(
  limit: TimeLimit,
  work: () => Promise<Value>,
  stop: () => void,
): Promise<Value> {
  const { signal, clock } = limit;
  const over = new AbortController();
  try {
    if (signal?.aborted) throw cancelled(signal);
    const interrupted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(cancelled(signal)), { once: true, signal: over.signal });
      clock.sleep(limit.milliseconds, over.signal).then(
        () => reject(timedOut(limit)),
        () => {}, // over: the work came first
      );
    });
    return await Promise.race([work(), interrupted]);
  } catch (error) {
    stop();
    throw error;
  } finally {
    over.abort();
  }
}

/** Waits for `work`, which nothing can stop, or until the signal. @throws LatchkeyError `myproxy/cancelled` */
export async function unlessCancelled<Value>(
  signal: AbortSignal | undefined,
  work: () => Promise<Value>,
): Promise<Value> {
  if (signal === undefined) return await work();
  if (signal.aborted) throw cancelled(signal);
  const over = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(cancelled(signal)), { once: true, signal: over.signal });
  });
  try {
    return await Promise.race([work(), interrupted]);
  } finally {
    over.abort();
  }
}

/** The error of an operation whose caller lost interest. */
function cancelled(signal: AbortSignal): LatchkeyError {
  return new LatchkeyError('myproxy/cancelled', 'the operation was cancelled', { cause: signal.reason });
}

function timedOut({ what, milliseconds }: TimeLimit): LatchkeyError {
  return new LatchkeyError('myproxy/timed-out', `${what} within ${milliseconds / 1000} s`, {
    retryable: true,
    hint: 'the server may be overloaded, or a firewall may swallow the traffic; `timeouts` of the client sets the limits',
  });
}
