import type { PyroInput } from '../../../pyro/index.ts';
import { isLive } from '../job-entry.ts';
import type { ManagedJob } from '../managed-job.ts';

/** What anybody who may talk to the server is told of a job: no key, and nothing of how the server lays out its files. */
export function jobFacts(
  { entry, leaseEndsAt }: ManagedJob,
  now: number,
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
            at: new Date(ending.at).toISOString(),
          },
    isLive: isLive(entry),
  };
}

/** How long it has run in whole seconds. */
export function runningSeconds({ entry }: ManagedJob, now: number): number {
  return Math.round((now - (entry.startedAt ?? entry.createdAt)) / 1000);
}
