import { lstat, opendir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MOST_OF_USER, REPORT_NAME } from './link-board.ts';
import { isProcessOf } from './process-begin.ts';
import { MOST_REPORT_BYTES } from './report-format.ts';

/** What a program said last is shown for so long after its end. */
const KEPT_MS = 10 * 60_000;
/** A report is written and renamed in less. */
const UNFINISHED_MS = 60_000;
/** Entries looked at in one sweep; the next goes on with what is left. */
const MOST_ENTRIES = 20_000;

/**
 * Empties a board, into which everybody may write, of what is no use any more: reports of programs that ended a while ago, what is no report,
 * and what is too much of one user. To be called every minute or so by the board's owner. Directories go when they are empty: descending
 * into somebody's tree is not safe.
 */
export async function sweepLinkBoard(path: string, now: Date): Promise<void> {
  const ofUser = new Map<number, number>();
  let seen = 0;
  for await (const { name } of await opendir(path)) {
    seen += 1;
    if (seen > MOST_ENTRIES) return;
    // Of an entry that went meanwhile, or cannot go, the next one is taken.
    await sweepEntry(join(path, name), name, ofUser, now).catch(() => {});
  }
}

async function sweepEntry(path: string, name: string, ofUser: Map<number, number>, now: Date): Promise<void> {
  const stats = await lstat(path);
  if (stats.isDirectory()) return await rmdir(path);
  // The time of the last change of the inode: its owner cannot choose it.
  const age = now.getTime() - stats.ctimeMs;
  const [, pid = '', begin = ''] = REPORT_NAME.exec(name) ?? [];
  const count = (ofUser.get(stats.uid) ?? 0) + 1;
  ofUser.set(stats.uid, count);
  const isOver = !stats.isFile() || stats.size > MOST_REPORT_BYTES || count > 2 * MOST_OF_USER;
  const isLeft =
    pid === '' ? age > UNFINISHED_MS : age > KEPT_MS && !isProcessOf(stats.uid, Number(pid), begin);
  if (isOver || isLeft) await unlink(path);
}
