import type { Readable } from 'node:stream';
import { type Clock, isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import type { JobEntry, JobListener } from './job-entry.ts';
import { isOver } from './job-facts.ts';
import { tellTrouble } from './job-news.ts';
import { feedInput } from './standard-input.ts';
import type { Workplace } from './workplace.ts';

/** What {@link feedJob} needs besides the job. */
export interface FeedTools {
  readonly clock: Clock;
  /** The service is closed: nothing is read any more. */
  readonly closing: AbortSignal;
  /** Ends the job: half an input is none. */
  readonly cancel: () => Promise<void>;
}

/** Passes an input on to a job until one of them ends; never rejects. What cuts it off is told, and ends the job. */
export async function feedJob(
  place: Workplace,
  entry: JobEntry,
  input: Readable,
  { clock, closing, cancel }: FeedTools,
): Promise<void> {
  const ended = new AbortController();
  const listener: JobListener = ({ facts }) => {
    if (isOver(facts)) ended.abort();
  };
  entry.listeners.add(listener);
  if (isOver(entry.facts)) ended.abort();
  try {
    await feedInput(place, `${place.root}/${entry.tag}`, input, AbortSignal.any([ended.signal, closing]));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const hint = isLatchkeyError(cause) ? cause.hint : undefined;
    const cut = `the standard input of job "${entry.id}" was cut off, which ends it: ${message}`;
    tellTrouble(
      entry,
      clock,
      new LatchkeyError('jobs/staging', cut, { cause, ...(hint === undefined ? {} : { hint }) }),
    );
    // Its guard ends it as well, when it notices.
    await cancel().catch(() => {});
  } finally {
    entry.listeners.delete(listener);
  }
}
