import type { Keeper, LeaseState } from '../../keeper/index.ts';

/** Limits of {@link ProviderFigures.endingWithin}, seconds. */
export const ENDING_WITHIN_SECONDS: readonly number[] = [60, 300, 900, 3_600, 21_600, 86_400, 604_800];

/** The leases of one provider at one moment. */
interface ProviderFigures {
  readonly states: Partial<Record<LeaseState, number>>;
  /** Seconds until the first of its credentials ends, negative when one has; `undefined` = no end is known. */
  soonestEndSeconds: number | undefined;
  /** How many end within each of {@link ENDING_WITHIN_SECONDS}, each including those before. */
  readonly endingWithin: number[];
}

/** All leases at one moment, in numbers. */
export interface LeaseFigures {
  readonly providers: ReadonlyMap<string, ProviderFigures>;
  /** Renewals whose time has come and that wait, and the seconds that the oldest of them has waited. */
  readonly overdue: number;
  readonly oldestOverdueSeconds: number;
  /** The oldest of them that has not failed: it waits for nothing but its turn. */
  readonly stuck: { readonly leaseId: string; readonly seconds: number } | undefined;
}

/** Looks at every lease once: a few milliseconds for 30 000. */
export function leaseFigures(
  keeper: Pick<Keeper, 'list'>,
  now: Date,
  labelOf: (provider: string) => string,
): LeaseFigures {
  const providers = new Map<string, ProviderFigures>();
  const at = now.getTime();
  let overdue = 0;
  let oldestOverdueSeconds = 0;
  let stuck: LeaseFigures['stuck'];
  for (const { lease, state, expiresAt, nextAt, failures } of keeper.list()) {
    const label = labelOf(lease.provider);
    let figures = providers.get(label);
    if (figures === undefined) {
      figures = {
        states: {},
        soonestEndSeconds: undefined,
        endingWithin: ENDING_WITHIN_SECONDS.map(() => 0),
      };
      providers.set(label, figures);
    }
    figures.states[state] = (figures.states[state] ?? 0) + 1;
    if (expiresAt !== undefined) countEnd(figures, (expiresAt.getTime() - at) / 1000);
    const late = nextAt === undefined ? 0 : (at - nextAt.getTime()) / 1000;
    if (late <= 0 || state === 'renewing') continue;
    overdue += 1;
    oldestOverdueSeconds = Math.max(oldestOverdueSeconds, late);
    if (failures === 0 && late > (stuck?.seconds ?? 0)) stuck = { leaseId: lease.id, seconds: late };
  }
  return { providers, overdue, oldestOverdueSeconds, stuck };
}

function countEnd(figures: ProviderFigures, seconds: number): void {
  if (figures.soonestEndSeconds === undefined || seconds < figures.soonestEndSeconds)
    figures.soonestEndSeconds = seconds;
  for (const [index, limit] of ENDING_WITHIN_SECONDS.entries())
    if (seconds <= limit) figures.endingWithin[index] = (figures.endingWithin[index] ?? 0) + 1;
}
