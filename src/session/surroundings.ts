import type { Keeper } from '../keeper/index.ts';
import type { Clock } from '../kit/index.ts';
import type { MyProxyClientOptions } from '../myproxy/index.ts';

/** What is done about a private file that others may read: `refuse` it, use it and `warn`, or look away. */
export type PermissionPolicy = 'refuse' | 'warn' | 'dangerously-ignore';

/** Everything that checks of contexts stand on. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly uid: number;
  readonly clock: Clock;
  readonly permissions: PermissionPolicy;
  /** A proxy or token that ends sooner is refused. */
  readonly leastSecondsLeft: number;
  readonly myProxy: Omit<MyProxyClientOptions, 'clock'>;
  readonly keeper: () => Keeper;
  /** The session's private directory (0700), made when it is first needed. */
  readonly directory: () => Promise<string>;
  /** Unique within the process, for names of leases and files. */
  readonly nextName: () => string;
}
