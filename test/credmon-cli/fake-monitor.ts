import type { CredmonSettings } from '../../src/credmon/index.ts';
import type { ControlledCredmon } from '../../src/daemon/control/index.ts';
import type { Keeper, KeeperListener, LeaseStatus } from '../../src/keeper/index.ts';
import { LatchkeyError } from '../../src/kit/index.ts';

/** A keeper that holds what a test says, and whose events a test sends. */
export interface FakeKeeper extends Keeper {
  readonly leases: Map<string, LeaseStatus>;
  send: KeeperListener;
}

export function fakeKeeper(...statuses: readonly LeaseStatus[]): FakeKeeper {
  const leases = new Map(statuses.map((status) => [status.lease.id, status]));
  const listeners = new Set<KeeperListener>();
  return {
    leases,
    send: (event) => {
      for (const listener of listeners) listener(event);
    },
    hold: () => {},
    release: (id) => {
      leases.delete(id);
    },
    renewNow: async (id) => {
      const status = leases.get(id);
      if (status === undefined) throw new LatchkeyError('keeper/released', 'gone');
      const renewed = { ...status, state: 'current', failures: 0, lastRenewedAt: new Date() } as const;
      leases.set(id, renewed);
      return renewed;
    },
    status: (id) => leases.get(id),
    list: () => leases.values(),
    get size() {
      return leases.size;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {},
  };
}

/** A monitor around it, as far as the control socket looks. */
export function fakeMonitor(
  keeper: Keeper,
  directory: string,
): ControlledCredmon & { readonly woken: number } {
  let woken = 0;
  return {
    settings: { name: 'CREDMON_OAUTH', directory } as CredmonSettings,
    keeper,
    startedAt: new Date(),
    lastScan: undefined,
    unserved: () => [
      { user: 'bob', stem: 'nope', finding: { code: 'credmon/provider-unknown', message: 'no provider' } },
    ],
    wake: async () => {
      woken += 1;
    },
    get woken() {
      return woken;
    },
  };
}

export function leaseStatus(id: string, more: Partial<LeaseStatus> = {}): LeaseStatus {
  const [owner = '', stem = ''] = id.split('/');
  const now = Date.now();
  return {
    lease: { id, owner, kind: 'token', provider: stem.split('_')[0] ?? stem },
    state: 'current',
    authority: 'local',
    issuedAt: new Date(now - 60_000),
    expiresAt: new Date(now + 1_140_000),
    credentialId: 'c0ffee',
    lastRenewedAt: new Date(now - 60_000),
    nextAt: new Date(now + 600_000),
    failures: 0,
    lastError: undefined,
    ...more,
  };
}
