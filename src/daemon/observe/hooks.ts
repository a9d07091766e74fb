import type { HookSettings } from '../../credmon/index.ts';
import { type Clock, isLatchkeyError, systemClock } from '../../kit/index.ts';
import { type HookDelivery, hookDelivery } from './hook-delivery.ts';
import type { HookEvent } from './hook-event.ts';
import { hookQueue } from './hook-queue.ts';

/** Events kept for a hook that does not keep up. */
const QUEUE_CAPACITY = 10_000;
const MOST_AT_ONCE = 500;
/** Events of this time go together: local tokens are renewed by the dozen a second. */
const COLLECT_MS = 1_000;
/** Waits before a delivery that failed is tried again. */
const RETRY_MS: readonly number[] = [5_000, 30_000];

/** How often deliveries to one hook ended how; events that were lost count one each. */
export interface HookCounts {
  delivered: number;
  failed: number;
  dropped: number;
}

/** All hooks of a monitor. */
export interface Hooks {
  offer(event: HookEvent): void;
  readonly counts: ReadonlyMap<string, HookCounts>;
  /** Ends at once what runs; what waits is lost. */
  close(): Promise<void>;
}

/** What {@link openHooks} works with. */
export interface HooksOptions {
  readonly clock?: Clock | undefined;
  /** Default: programs and web addresses. */
  readonly deliveryTo?: ((hook: HookSettings) => HookDelivery) | undefined;
  log(level: 'warn', line: string): void;
}

/** Starts a lane for each hook. A slow or failing hook delays and loses its own events only. */
export function openHooks(settings: readonly HookSettings[], options: HooksOptions): Hooks {
  const counts = new Map(settings.map(({ name }) => [name, { delivered: 0, failed: 0, dropped: 0 }]));
  const abort = new AbortController();
  const lanes = settings.map((hook) => {
    const own = counts.get(hook.name) ?? { delivered: 0, failed: 0, dropped: 0 };
    return openLane(hook, own, abort.signal, options);
  });
  return {
    counts,
    offer: (event) => {
      for (const lane of lanes) lane.offer(event);
    },
    close: async () => {
      abort.abort();
      await Promise.all(lanes.map((lane) => lane.idle()));
    },
  };
}

interface Lane {
  offer(event: HookEvent): void;
  idle(): Promise<void>;
}

function openLane(hook: HookSettings, counts: HookCounts, signal: AbortSignal, options: HooksOptions): Lane {
  const { clock = systemClock, deliveryTo = hookDelivery, log } = options;
  const deliver = deliveryTo(hook);
  const queue = hookQueue(QUEUE_CAPACITY);
  let running: Promise<void> | undefined;
  const attempt = async (events: readonly HookEvent[]): Promise<void> => {
    for (let tries = 0; ; tries += 1) {
      try {
        await deliver(events, signal);
        counts.delivered += 1;
        return;
      } catch (error) {
        counts.failed += 1;
        const wait = RETRY_MS[tries];
        const mayRetry = wait !== undefined && isLatchkeyError(error) && error.retryable;
        const why = isLatchkeyError(error) ? error.message : 'unexpected error';
        if (signal.aborted) return;
        log(
          'warn',
          `hook "${hook.name}": ${why}${mayRetry ? '; it is tried again' : `; ${events.length} events are lost`}`,
        );
        if (!mayRetry) {
          counts.dropped += events.length;
          return;
        }
        await clock.sleep(wait, signal);
      }
    }
  };
  const drain = async (): Promise<void> => {
    try {
      while (queue.size > 0 && !signal.aborted) {
        await clock.sleep(COLLECT_MS, signal);
        await attempt(queue.take(MOST_AT_ONCE));
      }
    } catch {
      // Only a sleep throws here, when the lane is closed.
    } finally {
      running = undefined;
    }
  };
  return {
    offer(event) {
      if (signal.aborted || !hook.on.includes(event.event)) return;
      if (!queue.offer(event)) counts.dropped += 1;
      running ??= drain();
    },
    idle: () => running ?? Promise.resolve(),
  };
}
