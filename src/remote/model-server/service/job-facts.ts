import type { PyroInput } from '../../../pyro/index.ts';
import { isLive } from '../job-entry.ts';
import type { ManagedJob } from '../managed-job.ts';

/** What anybody who may talk to the server is told of a job: no key, and nothing of how the server lays out its files. */
export function jobFacts(
  { entry, leaseEndsAt, batch, queue }: ManagedJob,
  now: number,
  ahead: number,
): { readonly [name: string]: PyroInput } {
  const { id, user, state, createdAt, startedAt, port, uri, ending } = entry;
  return {
    ...{ key: id, user, state, port, uri: uri ?? null },
    running: Math.max(0, Math.round(((ending?.at ?? now) - (startedAt ?? createdAt)) / 1000)),
    createdAt: new Date(createdAt).toISOString(),
    startedAt: startedAt === undefined ? null : new Date(startedAt).toISOString(),
    leaseSeconds: leaseEndsAt === undefined ? null : Math.max(0, Math.round((leaseEndsAt - now) / 1000)),
    ending:
      ending === undefined
        ? null
        : {
            ...{ reason: ending.reason, exitCode: ending.code, signal: ending.signal },
            why: ending.why ?? null,
            at: new Date(ending.at).toISOString(),
          },
    isLive: isLive(entry),
    batch: batch?.id ?? null,
    queue:
      queue === undefined || !isLive(entry)
        ? null
        : {
            // Among those of this server: how the scheduler orders all of its jobs is its own affair.
            ...{ position: queue.isWaiting ? ahead + 1 : 0, state: queue.state },
            ...{
              native: queue.native ?? null,
              reason: queue.reason ?? null,
              hosts: [...(queue.hosts ?? [])],
            },
          },
  };
}

/** A ticket that was used tells how its job stands; 0 = it waits for nothing. */
export function usedTicket(
  ticket: string,
  facts: { readonly [name: string]: PyroInput },
): {
  readonly [name: string]: PyroInput;
} {
  const { key: jobID, state, queue, batch } = facts;
  const position = (queue as { readonly position?: number } | null)?.position ?? 0;
  return { ticket, position, secondsLeft: 0, jobID, state, queue, batch } as {
    readonly [name: string]: PyroInput;
  };
}

/** How long it has run in whole seconds. */
export function runningSeconds({ entry }: ManagedJob, now: number): number {
  return Math.round((now - (entry.startedAt ?? entry.createdAt)) / 1000);
}
