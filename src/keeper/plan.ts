import type { Held } from './keeper.ts';
import type { Lease } from './lease.ts';
import { defaultRenewalPolicy, type RenewalPolicy, renewalTime } from './renewal-time.ts';

/** A lease as it is planned for. */
export interface PlanSubject {
  readonly lease: Lease;
  /** What it has now; `undefined` = nothing yet. */
  readonly held: Pick<Held, 'issuedAt' | 'expiresAt'> | undefined;
  /** Life of the credentials to come, seconds; absent = as long as the one held, else unknown. */
  readonly lifetimeSeconds?: number | undefined;
  readonly renewAfterSeconds?: number | undefined;
}

/** What {@link planOf} is to look at. */
export interface PlanOptions {
  readonly from: Date;
  readonly until: Date;
  readonly policy?: Partial<RenewalPolicy> | undefined;
  /** Most renewals told of, over all leases. Default 100,000. */
  readonly maxRenewals?: number | undefined;
}

/** One renewal to come. */
export interface PlannedRenewal {
  readonly lease: Lease;
  readonly at: Date;
  /** End of the credential that is replaced; `undefined` = nothing held, or not known. */
  readonly replaces: Date | undefined;
  /** End of the new one. */
  readonly expiresAt: Date | undefined;
}

/** When the leases would be renewed if every renewal succeeds, in order of time. Pure; jitter is taken at its middle. */
export function planOf(subjects: Iterable<PlanSubject>, options: PlanOptions): readonly PlannedRenewal[] {
  const policy = { ...defaultRenewalPolicy, ...options.policy };
  const { maxRenewals = 100_000 } = options;
  const until = options.until.getTime();
  const planned: PlannedRenewal[] = [];
  for (const { lease, held, lifetimeSeconds, renewAfterSeconds } of subjects) {
    const life = lifetimeSeconds === undefined ? lifeOf(held) : lifetimeSeconds * 1000;
    let replaces = held?.expiresAt;
    let at = options.from.getTime();
    if (held !== undefined)
      at = Math.max(at, renewalTime({ ...held, renewAfterSeconds }, policy, 0.5).getTime());
    while (at <= until && planned.length < maxRenewals) {
      const issuedAt = new Date(at);
      const expiresAt = life === undefined ? undefined : new Date(at + life);
      planned.push({ lease, at: issuedAt, replaces, expiresAt });
      replaces = expiresAt;
      const next = renewalTime({ issuedAt, expiresAt, renewAfterSeconds }, policy, 0.5).getTime();
      at = Math.max(next, at + 1000);
    }
  }
  return planned.sort((a, b) => a.at.getTime() - b.at.getTime());
}

function lifeOf(held: PlanSubject['held']): number | undefined {
  if (held?.expiresAt === undefined) return undefined;
  return Math.max(0, held.expiresAt.getTime() - held.issuedAt.getTime());
}
