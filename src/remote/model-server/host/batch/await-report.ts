import type { Job } from '../../../../jobs/index.ts';
import type { Clock } from '../../../../kit/index.ts';
import type { QueueFacts } from '../model-host.ts';
import type { Report } from '../report.ts';
import { isEnded } from './batch-ending.ts';

/** What the wait for a report needs. */
export interface AwaitedStart {
  readonly job: Job;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds from the moment at which it is seen to run. */
  readonly startMs: number;
  /** False = each look costs a round trip. */
  readonly isHere: boolean;
  onQueue(facts: QueueFacts): void;
  /** Looks at the file that it reports in, which the node makes before the program starts. */
  read(): Promise<{ readonly isThere: boolean; readonly report: Report | undefined }>;
}

const LOOK_HERE_MS = 100;
const LOOK_THERE_MS = 500;
/** While it waits in a queue. */
const LONGEST_LOOK_MS = 1000;
/** How often the scheduler is asked about one that runs and has not reported. */
const ASK_MS = 1500;

/** It has ended before it reported; how, the job's facts say. */
export class EndedEarly extends Error {}

/** It ran for longer than it may without a report. */
export class LateReport extends Error {}

/**
 * Waits as long as the queue does, and from then on as long as a start may take.
 *
 * @throws EndedEarly, LateReport, the signal's reason, and what is wrong with the report
 */
export async function awaitReport(start: AwaitedStart): Promise<Report> {
  const { job, clock, signal, startMs } = start;
  const now = () => clock.now().getTime();
  const isRunning = () => job.state === 'Running' || job.state === 'Suspended';
  let runsSince: number | undefined;
  let askedAt = now();
  let told = '';
  let pauseMs = start.isHere ? LOOK_HERE_MS : LOOK_THERE_MS;
  for (;;) {
    signal.throwIfAborted();
    // Before the file: what a job wrote last is there when it is known to have ended.
    const hasEnded = isEnded(job.facts);
    const { isThere, report } = await start.read();
    if (report !== undefined) return report;
    if (hasEnded) throw new EndedEarly();
    if (runsSince === undefined && (isThere || isRunning())) runsSince = now();
    const facts = queueFacts(job, runsSince === undefined);
    const text = JSON.stringify(facts);
    if (text !== told) start.onQueue(facts);
    told = text;
    if (runsSince !== undefined) {
      if (now() - runsSince >= startMs) throw new LateReport();
      if (now() - askedAt >= ASK_MS) {
        askedAt = now();
        await job.refresh().catch(() => {});
      }
    }
    await clock.sleep(pauseMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    const least = start.isHere ? LOOK_HERE_MS : LOOK_THERE_MS;
    pauseMs = runsSince === undefined ? Math.min(pauseMs * 1.2, LONGEST_LOOK_MS) : least;
  }
}

function queueFacts({ facts, state }: Job, isWaiting: boolean): QueueFacts {
  const { native, reason, hosts } = facts;
  return { isWaiting, state: !isWaiting && state === 'Pending' ? 'Running' : state, native, reason, hosts };
}
