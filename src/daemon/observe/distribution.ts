/** A count of values by upper bound, as a Prometheus histogram wants them: constant memory, no values kept. */
export interface Distribution {
  readonly bounds: readonly number[];
  /** One more than bounds: the last counts what is above all of them. */
  readonly counts: number[];
  sum: number;
}

/** Makes an empty distribution; `bounds` ascend. */
export function emptyDistribution(bounds: readonly number[]): Distribution {
  return { bounds, counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 };
}

/** Counts one value. */
export function count(distribution: Distribution, value: number): void {
  const found = distribution.bounds.findIndex((bound) => value <= bound);
  const index = found < 0 ? distribution.bounds.length : found;
  distribution.counts[index] = (distribution.counts[index] ?? 0) + 1;
  distribution.sum += value;
}
