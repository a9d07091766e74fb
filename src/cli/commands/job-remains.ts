import { isFinal, type Job } from '../../jobs/index.ts';
import { quote } from '../../kit/index.ts';
import type { Shown } from './job-outcome.ts';

/** So many names are told. */
const MOST_NAMES = 3;

/**
 * Removes what a job has left there, once all of it has been seen here; else says what is kept, and where. Never fails: how the job ended is what
 * counts.
 *
 * @param isKept whatever was seen
 */
export async function tidyUp(
  job: Job,
  { outputs, isWhole }: Shown,
  isKept: boolean,
  note: (text: string) => void,
): Promise<void> {
  // Of one that has vanished more is told elsewhere.
  if (!isFinal(job.state)) return;
  try {
    const remains = await job.remains();
    if (remains === undefined) return;
    const { sandbox, files } = remains;
    const why = isKept
      ? 'what it left'
      : job.trouble !== undefined
        ? 'what could not be fetched'
        : outputs?.isTruncated === true
          ? 'the whole of its output'
          : !isWhole
            ? 'its output'
            : files.length > 0
              ? filesText(files)
              : job.facts.exitCode === undefined && job.facts.signal === undefined && job.state === 'Failed'
                ? 'what may tell why'
                : undefined;
    if (why === undefined) return await job.remove();
    note(`latchkey: ${why} stays there in ${quote(sandbox)}`);
    if (!isKept) note(`  hint: latchkey jobs remove '${job.id}' takes it away`);
  } catch (error) {
    note(`latchkey: what it left there could not be removed: ${(error as Error).message}`);
  }
}

function filesText(files: readonly string[]): string {
  const names = files
    .slice(0, MOST_NAMES)
    .map((file) => quote(file))
    .join(', ');
  const more = files.length > MOST_NAMES ? `, … (${files.length})` : '';
  return `what it made and nobody fetched, ${names}${more},`;
}
