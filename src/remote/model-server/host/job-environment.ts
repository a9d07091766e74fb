import { DIRECTORY_VARIABLE } from './job-processes.ts';
import type { StartSpec } from './model-host.ts';
import { DESCRIPTOR_VARIABLE, REPORT_DESCRIPTOR } from './report.ts';

/** What of the server's environment a job gets: what programs need to run, and nothing that may be a secret. */
const PASSED =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|LD_LIBRARY_PATH|PYTHONPATH|PYTHONHOME|VIRTUAL_ENV|CONDA_PREFIX|NODE_PATH|OMP_NUM_THREADS)$/;

/** The environment of a job. The key is not in it: others on this machine may read environments. */
export function jobEnvironment(
  own: NodeJS.ProcessEnv,
  { job, directory, environment }: Pick<StartSpec, 'job' | 'directory' | 'environment'>,
): Record<string, string | undefined> {
  return {
    ...Object.fromEntries(Object.entries(own).filter(([name]) => PASSED.test(name))),
    // A program that writes its log only when a buffer is full says nothing when it crashes.
    PYTHONUNBUFFERED: '1',
    ...environment,
    LATCHKEY_JOB_ID: job,
    [DIRECTORY_VARIABLE]: directory,
    [DESCRIPTOR_VARIABLE]: String(REPORT_DESCRIPTOR),
  };
}
