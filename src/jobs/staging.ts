import { isAbsolute, resolve } from 'node:path';
import { type Clock, isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import type { CheckedDescription } from './checked-description.ts';
import type { FileTransfer } from './file-transfer.ts';
import type { Workplace } from './workplace.ts';

/** Transfers with whole paths: local ones from here and now, remote ones from the job's directory. */
export function placeTransfers(job: CheckedDescription, workDirectory: string): readonly FileTransfer[] {
  return job.transfers.map((transfer) => ({
    ...transfer,
    local: resolve(transfer.local),
    remote: isAbsolute(transfer.remote) ? transfer.remote : `${workDirectory}/${transfer.remote}`,
  }));
}

/** Where the program starts, as an absolute path. */
export function workDirectoryOf(job: CheckedDescription, home: string, sandbox: string): string {
  const given = job.workingDirectory;
  if (given === undefined) return `${sandbox}/work`;
  return isAbsolute(given) ? given : `${home}/${given}`;
}

/**
 * Copies files to the job's machine, making the directories above them.
 *
 * @throws LatchkeyError `jobs/staging`; `ssh/lost`
 */
export async function stageIn({ transport }: Workplace, transfers: readonly FileTransfer[]): Promise<void> {
  for (const transfer of transfers) {
    if (transfer.direction !== 'in') continue;
    const { local, remote, append } = transfer;
    try {
      await transport.files.makeDirectory(remote.slice(0, remote.lastIndexOf('/')) || '/', { mode: 0o755 });
      await transport.files.put(local, remote, { append });
    } catch (cause) {
      throw stagingError(transfer, cause);
    }
  }
}

const MAX_TRIES = 5;

/**
 * Fetches files after the end; a lost connection is waited for. All are tried, whatever happens to the others.
 *
 * @returns what failed
 */
export async function stageOut(
  { transport }: Workplace,
  transfers: readonly FileTransfer[],
  clock: Clock,
): Promise<readonly LatchkeyError[]> {
  const failures: LatchkeyError[] = [];
  for (const transfer of transfers) {
    if (transfer.direction !== 'out') continue;
    const { local, remote, append } = transfer;
    for (let tries = 1; ; tries += 1) {
      try {
        await transport.files.get(remote, local, { append });
        break;
      } catch (cause) {
        // Appending twice would double what is there: what was half done is not done again.
        if (isLatchkeyError(cause, 'ssh/lost') && !append && tries < MAX_TRIES) {
          await clock.sleep(1000 * 2 ** tries);
          continue;
        }
        failures.push(stagingError(transfer, cause));
        break;
      }
    }
  }
  return failures;
}

function stagingError(transfer: FileTransfer, cause: unknown): LatchkeyError {
  const { local, remote, direction } = transfer;
  const what = direction === 'in' ? `"${local}" to "${remote}"` : `"${remote}" to "${local}"`;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new LatchkeyError('jobs/staging', `cannot copy ${what}: ${why}`, {
    cause,
    retryable: isLatchkeyError(cause) && cause.retryable,
    details: { local, remote, direction },
  });
}
