import type { CredentialDirectory, CredmonSettings, LoginStore, Unserved } from '../../credmon/index.ts';
import type { Keeper } from '../../keeper/index.ts';

/** How much a log line matters. */
export type CredmonLogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One full pass over the credential directory. */
export interface ScanFacts {
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly users: number;
  /** Leases held after it. */
  readonly leases: number;
}

/** A credential monitor that runs: keeper, directory and providers put together. */
export interface RunningCredmon {
  readonly settings: CredmonSettings;
  readonly keeper: Keeper;
  readonly directory: CredentialDirectory;
  readonly logins: LoginStore;
  /** When the monitor was started. */
  readonly startedAt: Date;
  /** The last full pass; `undefined` until the first has ended. */
  readonly lastScan: ScanFacts | undefined;
  unserved(): Iterable<Unserved>;
  /** Looks now at what has changed (SIGHUP does this); settles when it has looked, not when tokens are there. */
  wake(): Promise<void>;
  /** Takes new settings into use without ending anything. */
  reload(settings: CredmonSettings): Promise<void>;
  /** Revokes at the server where that is possible, and removes the files; true when there was something. */
  revoke(leaseId: string): Promise<boolean>;
  log(level: CredmonLogLevel, line: string): void;
  /** Ends the schedule and the watches, and removes the pid file. */
  close(): Promise<void>;
}
