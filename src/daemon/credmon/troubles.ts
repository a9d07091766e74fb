import { LruCache } from '../../kit/index.ts';
import type { CredmonLogLevel } from './running-credmon.ts';

/** What goes wrong at every pass, and is not told at every pass. */
export interface Troubles {
  /** Told once, until it is another one. */
  ofUser(user: string, trouble: string): void;
  /** Goes on for long: told again from time to time. */
  lasting(trouble: string): void;
}

const AGAIN_MS = 3_600_000;
const MOST_REMEMBERED = 1_000;

export function createTroubles(log: (level: CredmonLogLevel, line: string) => void): Troubles {
  const lastOf = new LruCache<string, string>(MOST_REMEMBERED);
  const toldAt = new LruCache<string, number>(MOST_REMEMBERED);
  return {
    ofUser(user, trouble) {
      if (lastOf.get(user) === trouble) return;
      lastOf.set(user, trouble);
      log('error', `${user}: ${trouble}`);
    },
    lasting(trouble) {
      const at = toldAt.get(trouble);
      const now = performance.now();
      if (at !== undefined && now - at < AGAIN_MS) return;
      toldAt.set(trouble, now);
      log('warn', trouble);
    },
  };
}
