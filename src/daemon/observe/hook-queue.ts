import type { HookEvent } from './hook-event.ts';

/** Events that wait for their hook. */
export interface HookQueue {
  /** @returns false when it was full and the event is lost */
  offer(event: HookEvent): boolean;
  /** Takes the oldest, `most` at a time. */
  take(most: number): HookEvent[];
  readonly size: number;
}

/**
 * A queue of at most `capacity` events. Of one lease and kind only the newest waits: whoever is slow is told what is,
 * not all that was.
 */
export function hookQueue(capacity: number): HookQueue {
  const waiting = new Map<string, HookEvent>();
  return {
    get size() {
      return waiting.size;
    },
    offer(event) {
      const key = `${event.event} ${event.lease}`;
      if (!waiting.delete(key) && waiting.size >= capacity) return false;
      waiting.set(key, event);
      return true;
    },
    take(most) {
      const taken: HookEvent[] = [];
      for (const [key, event] of waiting) {
        if (taken.length >= most) break;
        taken.push(event);
        waiting.delete(key);
      }
      return taken;
    },
  };
}
