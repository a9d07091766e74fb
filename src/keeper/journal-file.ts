import type { KeeperJournal, LeaseHistory } from './journal.ts';

/** How {@link openKeeperJournal} behaves. */
export interface KeeperJournalOptions {
  /** Milliseconds between writes. Default 5000: what a crash may forget. */
  readonly flushMs?: number;
  /** Leases remembered. Default 200,000; the rest is not. */
  readonly maxLeases?: number;
  readonly now?: () => Date;
  /** Told when the file cannot be written; history then lives in memory until it can. */
  readonly onError?: (error: unknown) => void;
}

export function openKeeperJournal(path: string, options: KeeperJournalOptions = {}): Promise<KeeperJournal> {
  throw new Error(`being written: ${path} ${Object.keys(options)}`);
}

export function readKeeperJournal(path: string): Promise<ReadonlyMap<string, LeaseHistory>> {
  throw new Error(`being written: ${path}`);
}
