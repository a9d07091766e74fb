import type { Clock } from '../kit/index.ts';
import type { BackOffPolicy } from './back-off.ts';
import type { BreakerPolicy } from './breaker.ts';
import type { KeeperJournal } from './journal.ts';
import type { RenewalPolicy } from './renewal-time.ts';

/** What {@link createKeeper} may be told; everything has a default. */
export interface KeeperOptions {
  readonly clock?: Clock;
  /** In [0, 1); for tests. */
  readonly random?: () => number;
  readonly policy?: Partial<RenewalPolicy>;
  readonly backOff?: Partial<BackOffPolicy>;
  readonly breaker?: Partial<BreakerPolicy>;
  /** Most requests to other machines at one moment. Default 16. */
  readonly maxParallelRequests?: number;
  /** … to one authority. Default 4. */
  readonly maxParallelPerAuthority?: number;
  /** Most local sources and deliveries at one moment. Default 16. */
  readonly maxParallelLocal?: number;
  /** Seconds until a source that needs the network is given up. Default 30; its own time-outs should be shorter. */
  readonly requestTimeoutSeconds?: number;
  /** Seconds until a local source, or a delivery, is given up. Default 10. */
  readonly localTimeoutSeconds?: number;
  /** A credential that ends within these seconds and has not been renewed is told of. Default: the policy's margin. */
  readonly warnBeforeSeconds?: number;
  /** What is overdue (after a start, a suspended machine) and still has time is spread over these seconds. Default 300. */
  readonly catchUpSeconds?: number;
  /** History and back-off over restarts. */
  readonly journal?: KeeperJournal | undefined;
  /** Told what a listener threw; it must not throw. */
  readonly onListenerError?: ((error: unknown) => void) | undefined;
}
