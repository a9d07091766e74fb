import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MOST_REPORT_BYTES } from './report-format.ts';

/** What was read, and whose the file is. */
export interface ReportFile {
  readonly text: string;
  readonly uid: number;
  readonly changedAt: Date;
}

/**
 * The text of a plain file that one user alone can write; undefined for anything else that stands at that place: a link (hard ones, too), a
 * pipe, what others may write, what is too long, nothing. Never waits for a writer, never follows.
 *
 * @param isWanted asked before anything is read of a user's file
 */
export async function readReportFile(
  path: string,
  isWanted: (uid: number) => boolean = () => true,
): Promise<ReportFile | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      const { uid, mode, nlink, size } = stats;
      if (!stats.isFile() || nlink !== 1 || (mode & 0o022) !== 0 || size > MOST_REPORT_BYTES)
        return undefined;
      if (!isWanted(uid)) return undefined;
      // It may grow while it is read: no more than its size is taken.
      const bytes = Buffer.alloc(size);
      const { bytesRead } = await file.read(bytes, 0, size, 0);
      return { text: bytes.toString('utf8', 0, bytesRead), uid, changedAt: stats.mtime };
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
