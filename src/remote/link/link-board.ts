import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, opendir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isProcessOf } from './process-begin.ts';
import { readReportFile } from './report-file.ts';
import { type LinksReport, parseLinksReport } from './report-format.ts';

/**
 * The machine's board: a directory into which every user's programs put what they tell of their links (mode 1733: put in, not look), for the
 * monitor that owns it. Whose a report is says the owner of its file; where it lies nobody else can find out, for its name is a secret.
 */
export interface LinkBoard {
  /** What lies there now, the newest of each user first, at most 50 programs of one user. */
  read(): Promise<readonly PostedReport[]>;
}

/** A report, and what its file and the machine say of it. */
export interface PostedReport extends LinksReport {
  readonly uid: number;
  /** False when its program has ended: it is what that said last. */
  readonly isRunning: boolean;
  readonly toldAt: Date;
}

/** Where a packaged monitor has its board. */
const PACKAGED = '/run/latchkey/links';
export const MOST_OF_USER = 50;
const MOST_ENTRIES = 10_000;
export const REPORT_NAME = /^(\d{1,10})-(\d{1,20})(?:-[0-9a-f]{32})?\.json$/;
/** Readable by all, or a monitor that is not root could not read it: the name keeps it from being found. */
const MODE = 0o644;

/** The board that programs of this machine use. */
export function linkBoard(env: NodeJS.ProcessEnv = process.env): string {
  return env.LATCHKEY_LINK_BOARD || PACKAGED;
}

/** A name on a board that nobody can guess. */
export function boardFile(board: string, pid: number, begin: string): string {
  return join(board, `${pid}-${begin}-${randomBytes(16).toString('hex')}.json`);
}

/** Puts a report there, whole or not at all. The directory itself cannot be opened, so its entry is not made durable: nor need it be. */
export async function putOnBoard(file: string, text: string): Promise<void> {
  const temporary = join(dirname(file), `.${randomBytes(16).toString('hex')}`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(temporary, flags, MODE);
  try {
    await handle.chmod(MODE);
    await handle.writeFile(text);
    await handle.close();
    await rename(temporary, file);
  } catch (error) {
    await handle.close().catch(() => {});
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** Reads boards; a directory of this user's own reports will do as well. What is not there has nothing on it. */
export function openLinkBoard(directories: readonly string[]): LinkBoard {
  return {
    async read() {
      const reports = new Map<string, PostedReport>();
      const ofUser = new Map<number, number>();
      for (const directory of directories) {
        for (const name of await namesIn(directory)) {
          const [, pid = '', begin = ''] = REPORT_NAME.exec(name) ?? [];
          const hasRoom = (uid: number) => (ofUser.get(uid) ?? 0) < MOST_OF_USER;
          const file = await readReportFile(join(directory, name), hasRoom);
          const report = file === undefined ? undefined : parseLinksReport(file.text);
          if (file === undefined || report === undefined || report.pid !== Number(pid)) continue;
          const { uid, changedAt } = file;
          const key = `${uid} ${pid} ${begin}`;
          if (reports.has(key)) continue;
          ofUser.set(uid, (ofUser.get(uid) ?? 0) + 1);
          reports.set(key, {
            ...report,
            uid,
            isRunning: isProcessOf(uid, report.pid, begin),
            toldAt: changedAt,
          });
        }
      }
      return [...reports.values()].sort(
        (a, b) => a.uid - b.uid || b.toldAt.getTime() - a.toldAt.getTime() || a.pid - b.pid,
      );
    },
  };
}

async function namesIn(directory: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    let seen = 0;
    for await (const { name } of await opendir(directory)) {
      seen += 1;
      if (seen > MOST_ENTRIES) break;
      if (REPORT_NAME.test(name)) names.push(name);
    }
  } catch {
    // Not there, or not ours to read.
  }
  return names;
}
