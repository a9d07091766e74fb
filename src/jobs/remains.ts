import { posix } from 'node:path';
import type { JobEntry } from './job-entry.ts';
import { placeTransfers, workDirectoryOf } from './staging.ts';
import { runScript, type Workplace } from './workplace.ts';

/** What of a job is nowhere but there. */
export interface JobRemains {
  /** Its sandbox, an absolute path on its machine. */
  readonly sandbox: string;
  /**
   * Files that it made in its own directory of the sandbox and that nobody fetched, relative to that; the first 100. Empty for a job that works
   * in another directory, which stays.
   */
  readonly files: readonly string[];
}

/** Not what was copied there, or from there. `$1` is the sandbox. */
const FILES = 'cd "$1/work" 2>/dev/null || exit 0\nfind . ! -type d -print | head -n 1000';
const MOST_NAMES = 100;

/** Looks what a job has left in its sandbox's own directory. */
export async function remainsThere(
  place: Workplace,
  { tag, job }: JobEntry,
): Promise<JobRemains | undefined> {
  if (tag === undefined || job === undefined) return undefined;
  const sandbox = `${place.root}/${tag}`;
  const work = workDirectoryOf(job, place.home, sandbox);
  if (work !== `${sandbox}/work`) return { sandbox, files: [] };
  const copied = new Set(placeTransfers(job, work).map(({ remote }) => posix.normalize(remote)));
  const found = (await runScript(place.transport, FILES, [sandbox]))
    .split('\n')
    .filter((line) => line !== '');
  const files = found.map((line) => posix.normalize(line)).filter((file) => !copied.has(`${work}/${file}`));
  return { sandbox, files: files.slice(0, MOST_NAMES) };
}
