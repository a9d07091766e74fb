import { type CredentialDirectory, type WaitedFor, writeStandIn } from '../../credmon/index.ts';
import type { Keeper } from '../../keeper/index.ts';

/** What {@link startStandIns} works with. */
export interface StandInOptions {
  readonly directory: CredentialDirectory;
  readonly keeper: Keeper;
  /** Requests that credd waits for. */
  waitedFor(): Iterable<WaitedFor>;
  /** A request without a token was answered; `reason` as the keeper tells it. */
  onPut(leaseId: string, provider: string, reason: string): void;
  onError(leaseId: string, error: unknown): void;
}

/** Answers without a token to what cannot be answered with one. */
export interface StandIns {
  /** A request came: from now on its time is looked at. */
  expect(): void;
  close(): void;
}

/**
 * So long does credd wait for a request, milliseconds. `condor_submit` of anybody else gives up after 20 s behind it. What this
 * machine signs has failed by then, or has not had its turn; a server may be slow.
 */
const PATIENCE_MS = { local: 5_000, client: 12_000 } as const;
const LOOK_MS = 1_000;

/**
 * credd waits for ever for what it asked a local issuer or client credentials for, and serves nobody meanwhile: one provider
 * that cannot work would stop every submission of the pool. After a while its requests get a `.use` without a token, as
 * upstream gives to users who are denied; the keeper goes on trying, and as soon as one succeeds all of that provider are tried.
 */
export function startStandIns(options: StandInOptions): StandIns {
  const { directory, keeper, waitedFor, onPut, onError } = options;
  const standing = new Map<string, Set<string>>();
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    timer = undefined;
    let isAnyDue = false;
    for (const { id, provider, sinceMs } of waitedFor()) {
      const ofProvider = standing.get(provider.name) ?? new Set<string>();
      if (ofProvider.has(id)) continue;
      const status = keeper.status(id);
      // Has its empty token already.
      if (status?.lastError?.code === 'credmon/denied') continue;
      const hasFailed = (status?.failures ?? 0) > 0;
      if (
        performance.now() - sinceMs < PATIENCE_MS[provider.mode] ||
        (provider.mode === 'local' && !hasFailed)
      ) {
        isAnyDue = true;
        continue;
      }
      try {
        const isPut = writeStandIn(directory, id, provider);
        standing.set(provider.name, ofProvider.add(id));
        const reason = status?.lastError?.message ?? 'its server has not answered';
        if (isPut) onPut(id, provider.name, reason);
      } catch (error) {
        isAnyDue = true;
        onError(id, error);
      }
    }
    if (isAnyDue) expect();
  };
  const expect = (): void => {
    timer ??= setTimeout(look, LOOK_MS).unref();
  };

  const unsubscribe = keeper.subscribe((event) => {
    if (event.type === 'released') standing.get(event.lease.provider)?.delete(event.lease.id);
    if (event.type !== 'renewed') return;
    const ofProvider = standing.get(event.lease.provider);
    if (ofProvider === undefined) return;
    standing.delete(event.lease.provider);
    ofProvider.delete(event.lease.id);
    for (const id of ofProvider) void keeper.renewNow(id).catch(() => {});
  });
  return {
    expect,
    close: () => {
      unsubscribe();
      clearTimeout(timer);
    },
  };
}
