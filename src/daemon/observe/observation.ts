import type { HookSettings } from '../../credmon/index.ts';
import { readLeaseId } from '../../credmon/index.ts';
import type { Keeper, KeeperEvent } from '../../keeper/index.ts';
import { LruCache } from '../../kit/index.ts';
import { LineFile } from '../line-file.ts';
import { count } from './distribution.ts';
import { EXPOSITION_TYPE, expositionText } from './exposition.ts';
import { hookEventOf } from './hook-event.ts';
import { openHooks } from './hooks.ts';
import { type LeaseFigures, leaseFigures } from './lease-figures.ts';
import { metricFamilies } from './metrics.ts';
import type { ProcessMetrics } from './process-metrics.ts';
import { directoryCheck, judgeReadiness, type Readiness } from './readiness.ts';
import { type FailureCause, Tallies } from './tallies.ts';
import { auditEntryOf, type TokenAuditEntry, whose } from './token-audit.ts';

declare const LATCHKEY_VERSION: string;

/** Figures are this fresh: whoever asks more often costs nothing. */
const FIGURES_MS = 1_000;
const MOST_IDS = 50_000;

/** What is observed, and who is told. */
export interface ObserveOptions {
  readonly keeper: Pick<Keeper, 'list' | 'status' | 'subscribe'>;
  /** The credential directory, for readiness. */
  readonly directory: string;
  /** Append-only JSON lines, 0600; absent = no audit. */
  readonly auditFile?: string | undefined;
  readonly hooks?: readonly HookSettings[] | undefined;
  /** Links between machines that programs hold, by state; absent = not known here. */
  readonly links?: (() => Promise<ReadonlyMap<string, number> | undefined>) | undefined;
  readonly now?: (() => Date) | undefined;
  log(level: 'warn', line: string): void;
}

/** What a running monitor tells of itself. */
export interface Observation {
  live(): { readonly ok: boolean };
  ready(): Promise<Readiness>;
  /** Prometheus' text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Since the start, most frequent first; at most one for each provider and error code. */
  failuresByCause(): readonly FailureCause[];
  /** To be called after each full look at the directory. */
  scanned(durationMs: number): void;
  /** To be called when a lease without credential is seen: `at` is when that was signalled, or found. */
  requested(leaseId: string, at: Date): void;
  /** To be called when a server was told that a login has ended. */
  revoked(leaseId: string): void;
  /** Begins a new audit file if the old one was moved away, for log rotation. */
  reopen(): void;
  close(): Promise<void>;
}

/**
 * Listens to a keeper from now on: counts, writes the audit trail, tells hooks.
 *
 * @throws LatchkeyError `file/io` when the audit file cannot be opened
 */
export function observe(options: ObserveOptions): Observation {
  const { keeper, directory, now = () => new Date() } = options;
  const tallies = new Tallies();
  const audit = options.auditFile === undefined ? undefined : new LineFile(options.auditFile);
  const hooks = openHooks(options.hooks ?? [], options);
  const toldCause = new Map<string, string>();
  /** `jti` of what servers gave, for the time when it is revoked. */
  const lastIds = new LruCache<string, string>(MOST_IDS);
  const figures = remembered(() => leaseFigures(keeper, now(), tallies.providerLabel), now);
  let processMetrics: Promise<ProcessMetrics> | undefined;
  let hasScanned = false;

  const write = (entry: TokenAuditEntry): void => audit?.write(`${JSON.stringify(entry)}\n`);
  const isLocal = (leaseId: string): boolean => keeper.status(leaseId)?.authority === 'local';
  const tell = (event: KeeperEvent, at: Date): void => {
    if (event.type === 'breaker') return;
    const { id } = event.lease;
    const told = hookEventOf(event, at, toldCause.get(id));
    if (event.type === 'failed') toldCause.set(id, event.failure.code);
    else if (event.type !== 'expiring') toldCause.delete(id);
    if (told !== undefined) hooks.offer(told);
  };
  const unsubscribe = keeper.subscribe((event) => {
    const at = now();
    tallies.record(event, at);
    const entry = audit === undefined ? undefined : auditEntryOf(event, at, isLocal);
    if (entry !== undefined) write(entry);
    if (entry?.event === 'refresh' && entry.id !== undefined) lastIds.set(entry.lease, entry.id);
    if (hooks.counts.size > 0) tell(event, at);
  });

  return {
    live: () => ({ ok: true }),
    ready: async () =>
      judgeReadiness({ hasScanned, directory: await directoryCheck(directory), figures: figures() }),
    metrics: async () => {
      processMetrics ??= import('./process-metrics.ts').then((late) => late.openProcessMetrics());
      const links = await options.links?.();
      const own = expositionText(
        metricFamilies({
          ...{ version: LATCHKEY_VERSION, tallies, figures: figures(), hooks: hooks.counts, links },
        }),
      );
      return { contentType: EXPOSITION_TYPE, text: own + (await (await processMetrics)()) };
    },
    failuresByCause: () => tallies.failures(),
    scanned: (durationMs) => {
      hasScanned = true;
      count(tallies.scans, durationMs / 1000);
    },
    requested: (leaseId, at) => tallies.requested(leaseId, at),
    revoked: (leaseId) => {
      const { user, stem } = readLeaseId(leaseId);
      const lease = { id: leaseId, owner: user, kind: 'token', provider: stem.split('_')[0] ?? stem };
      write({ ...whose(lease, now()), event: 'revoke', id: lastIds.get(leaseId) });
    },
    reopen: () => audit?.reopenIfMoved(),
    close: async () => {
      unsubscribe();
      await hooks.close();
      await audit?.close();
    },
  };
}

function remembered(look: () => LeaseFigures, now: () => Date): () => LeaseFigures {
  let last: { readonly at: number; readonly figures: LeaseFigures } | undefined;
  return () => {
    const at = now().getTime();
    if (last === undefined || Math.abs(at - last.at) >= FIGURES_MS) last = { at, figures: look() };
    return last.figures;
  };
}
