import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LatchkeyError, printable, quote, runProgram } from '../../../kit/index.ts';
import { createLog } from './job-log.ts';

/** Below the server's directory: one directory a job, named by its number. */
export const JOBS_DIRECTORY = 'jobs';

/** Below a job's directory: where it runs and clients' files are, what it says, and where it listens. */
export const WORK_DIRECTORY = 'work';
export const JOB_LOG = 'job.log';
export const JOB_SOCKET = 's';

const REMOVAL = { timeoutMs: 300_000, maxOutputBytes: 16 << 20 };

/**
 * Makes the private directory of a job (0700), which must not be there yet: nothing of another job is ever in it.
 *
 * @throws LatchkeyError `file/unsafe` when it is there already; `file/io`
 */
export async function makeJobDirectory(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await mkdir(path, { mode: 0o700 });
    await mkdir(join(path, WORK_DIRECTORY), { mode: 0o700 });
    await (await createLog(join(path, JOB_LOG))).close();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new LatchkeyError(
        'file/unsafe',
        `"${path}" is there already: a job starts with nothing of another`,
        { cause },
      );
    throw new LatchkeyError('file/io', `cannot make "${path}": ${code ?? message}`, { cause });
  }
}

/**
 * Removes it, whatever the job has made of it: directories that nobody may write to, or more within each other than a path is long.
 *
 * @throws LatchkeyError `file/io`
 */
export async function removeJobDirectory(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // These go from directory to directory, not by paths, and follow no link.
    await runProgram('chmod', ['-R', 'u+rwx', '--', path], REMOVAL).catch(() => {});
    const { code, stderr } = await runProgram('rm', ['-rf', '--', path], REMOVAL);
    if (code === 0) return;
    const why = stderr.toString('utf8').split('\n', 1)[0] ?? '';
    throw new LatchkeyError('file/io', `cannot remove ${quote(path)}: ${printable(why.slice(-200))}`);
  }
}
