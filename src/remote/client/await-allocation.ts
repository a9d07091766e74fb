import { LatchkeyError } from '../../kit/index.ts';
import { isPyroDict, type PyroDict, type PyroValue, type RemoteObject } from '../../pyro/index.ts';
import { startHeartbeat } from './heartbeat.ts';

/** How an allocation stands that is not there yet. */
export interface AllocationProgress {
  /** The job that was made for it. */
  readonly job: string;
  /** `queued` at a scheduler, or `starting`. */
  readonly state: string;
  /** Of the jobs of that model server that wait, which one it is; 0 = it waits no more. */
  readonly position: number;
  /** The scheduler's job, and its own word for how that stands. */
  readonly batch: string | undefined;
  readonly native: string | undefined;
}

export interface WaitForAllocation {
  /** Of `preAllocate`; default: one is asked for. */
  readonly ticket?: string | undefined;
  /** Gives the job up. */
  readonly signal?: AbortSignal | undefined;
  readonly onWaiting?: ((progress: AllocationProgress) => void) | undefined;
}

/** Starting a process may take as long as its server allows. */
const START_MS = 120_000;
/** A queue of a scheduler may be long. */
const QUEUE_MS = 7 * 86_400_000;
const ASK_MS = 2000;
const ANSWER_MS = 10_000;
/** A server that says nothing of a ticket for so long is gone. */
const SILENCE_MS = 90_000;

/**
 * Has a job allocated, and waits for it as long as the scheduler's queue does: the server is asked meanwhile how it stands. The call is made
 * under a ticket, so that it can be made again, for the same job, when the connection is lost or the server begins anew.
 *
 * @returns the answer of `allocate`
 * @throws what the server says; LatchkeyError `remote/timed-out` when it says nothing any more
 */
export async function awaitAllocation(
  server: RemoteObject,
  user: string,
  { ticket: given, signal, onWaiting }: WaitForAllocation = {},
): Promise<PyroValue> {
  const ticket = given ?? (await ticketFor(server, user));
  const silence = new AbortController();
  const signals = [silence.signal, ...(signal === undefined ? [] : [signal])];
  const call = server.call('allocate', [user, ticket ?? null], {
    timeoutMs: ticket === undefined ? START_MS : QUEUE_MS,
    signal: AbortSignal.any(signals),
    safe: ticket !== undefined,
  });
  if (ticket === undefined) return await call;
  let heardAt = performance.now();
  const stop = startHeartbeat(async (over) => {
    try {
      const status = await server.call('getTicketStatus', [ticket], {
        timeoutMs: ANSWER_MS,
        safe: true,
        signal: over,
      });
      heardAt = performance.now();
      const progress = isPyroDict(status) ? progressOf(status) : undefined;
      if (progress !== undefined && !over.aborted) onWaiting?.(progress);
    } catch (error) {
      if (performance.now() - heardAt > SILENCE_MS) silence.abort(error);
    }
  }, ASK_MS);
  try {
    return await call;
  } catch (error) {
    if (!silence.signal.aborted) throw error;
    throw new LatchkeyError(
      'remote/timed-out',
      `the model server has said nothing for ${SILENCE_MS / 1000} s`,
      {
        cause: silence.signal.reason,
        retryable: true,
      },
    );
  } finally {
    stop();
  }
}

/** Undefined when there is no slot: whoever asks without one is told why. */
async function ticketFor(server: RemoteObject, user: string): Promise<string | undefined> {
  const ticket = await server.call('preAllocate', [null, user], { timeoutMs: ANSWER_MS });
  return typeof ticket === 'string' ? ticket : undefined;
}

function progressOf({ jobID, state, position, batch, queue }: PyroDict): AllocationProgress | undefined {
  if (typeof jobID !== 'string' || typeof state !== 'string') return undefined;
  const native = isPyroDict(queue ?? null) ? (queue as PyroDict).native : undefined;
  return {
    ...{ job: jobID, state, position: Number(position ?? 0) },
    batch: typeof batch === 'string' ? batch : undefined,
    native: typeof native === 'string' ? native : undefined,
  };
}
