import type { MetricFamily } from './exposition.ts';
import type { HookCounts } from './hooks.ts';
import { ENDING_WITHIN_SECONDS, type LeaseFigures } from './lease-figures.ts';
import type { Tallies } from './tallies.ts';

/** What is shown as metrics. */
export interface MetricFacts {
  readonly version: string;
  readonly tallies: Tallies;
  readonly figures: LeaseFigures;
  readonly hooks: ReadonlyMap<string, HookCounts>;
  /** Links between machines by state; absent = not known here. */
  readonly links?: ReadonlyMap<string, number> | undefined;
}

const BREAKER_VALUE = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Every metric of a monitor, as docs/operations.md lists them. Labels are bounded: no users, no file names. */
export function metricFamilies({ version, tallies, figures, hooks, links }: MetricFacts): MetricFamily[] {
  return [
    gauge('latchkey_build_info', 'Version of Latchkey; always 1.', [{ labels: { version }, value: 1 }]),
    ...leaseFamilies(figures),
    ...renewalFamilies(tallies),
    gauge('latchkey_renewals_overdue', 'Renewals whose time has come and that wait.', [
      { value: figures.overdue },
    ]),
    gauge('latchkey_renewal_queue_age_seconds', 'How long the oldest of those has waited; 0 = none waits.', [
      { value: figures.oldestOverdueSeconds },
    ]),
    gauge(
      'latchkey_breaker_state',
      'Requests to a server: 0 = sent, 1 = one on trial, 2 = held back because it fails.',
      [...tallies.breakers].map(([authority, state]) => ({
        labels: { authority },
        value: BREAKER_VALUE[state],
      })),
    ),
    gauge(
      'latchkey_links',
      'Links between machines that running programs of this host have told of, by state.',
      [...(links ?? [])].map(([state, value]) => ({ labels: { state }, value })),
    ),
    {
      name: 'latchkey_scan_duration_seconds',
      help: 'Time of a full look at the credential directory.',
      type: 'histogram',
      samples: [{ value: tallies.scans }],
    },
    {
      name: 'latchkey_request_latency_seconds',
      help: 'From the moment that a new request was seen, or signalled, to its credential in place.',
      type: 'histogram',
      samples: [{ value: tallies.latency }],
    },
    {
      name: 'latchkey_hook_deliveries_total',
      help: 'Deliveries to hooks by outcome; dropped counts the events that were lost.',
      type: 'counter',
      samples: [...hooks].flatMap(([hook, counts]) =>
        Object.entries(counts).map(([outcome, value]) => ({ labels: { hook, outcome }, value })),
      ),
    },
  ];
}

function leaseFamilies({ providers }: LeaseFigures): MetricFamily[] {
  const all = [...providers];
  return [
    gauge(
      'latchkey_leases',
      'Credentials that are kept, by where they stand.',
      all.flatMap(([provider, { states }]) =>
        Object.entries(states).map(([state, value]) => ({ labels: { provider, state }, value })),
      ),
    ),
    gauge(
      'latchkey_soonest_expiry_seconds',
      "Seconds until the first of a provider's credentials ends; negative when one has ended.",
      all.flatMap(([provider, { soonestEndSeconds: value }]) =>
        value === undefined ? [] : [{ labels: { provider }, value }],
      ),
    ),
    gauge(
      'latchkey_leases_ending_within',
      'Credentials that end within so many seconds from now, those that have ended included.',
      all.flatMap(([provider, { endingWithin }]) =>
        ENDING_WITHIN_SECONDS.map((seconds, index) => ({
          labels: { provider, seconds: String(seconds) },
          value: endingWithin[index] ?? 0,
        })),
      ),
    ),
  ];
}

function renewalFamilies(tallies: Tallies): MetricFamily[] {
  const failures = tallies.failures();
  const failedOf = new Map<string, number>();
  for (const { provider, count } of failures) failedOf.set(provider, (failedOf.get(provider) ?? 0) + count);
  return [
    {
      name: 'latchkey_renewals_total',
      help: 'Renewals, the first ones included, by outcome.',
      type: 'counter',
      samples: [
        ...[...tallies.renewed].map(([provider, value]) => ({
          labels: { provider, outcome: 'renewed' },
          value,
        })),
        ...[...failedOf].map(([provider, value]) => ({ labels: { provider, outcome: 'failed' }, value })),
      ],
    },
    {
      name: 'latchkey_renewal_failures_total',
      help: 'Renewals that failed, by cause.',
      type: 'counter',
      samples: failures.map(({ provider, cause, count }) => ({ labels: { provider, cause }, value: count })),
    },
    {
      name: 'latchkey_renewal_duration_seconds',
      help: 'Time of a renewal that succeeded, delivery included.',
      type: 'histogram',
      samples: [...tallies.durations].map(([provider, value]) => ({ labels: { provider }, value })),
    },
  ];
}

function gauge(
  name: string,
  help: string,
  samples: (MetricFamily & { readonly type: 'gauge' })['samples'],
): MetricFamily {
  return { name, help, type: 'gauge', samples };
}
