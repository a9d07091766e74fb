import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LatchkeyError, quote, writeFileAtomic } from '../../kit/index.ts';
import { describeEnd } from './describe-end.ts';
import { boardFile, linkBoard, putOnBoard } from './link-board.ts';
import type { Links } from './links.ts';
import { processBegin } from './process-begin.ts';
import { readReportFile } from './report-file.ts';
import { type LinksReport, parseLinksReport } from './report-format.ts';
import { machinesOn } from './route.ts';

const MOST_FILES = 1000;
/** A board may be made, or made anew, after this program has begun. */
const RETELL_MS = 60_000;

/**
 * Where this user's programs tell of their links: a directory of his alone.
 *
 * @throws LatchkeyError `file/unsafe` when somebody else has made it, or may enter it
 */
export async function linkReportDirectory(
  env: NodeJS.ProcessEnv = process.env,
  uid = process.geteuid?.() ?? 0,
): Promise<string> {
  const path = linkReportPath(env, uid);
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST')
      throw new LatchkeyError('file/io', `cannot make ${quote(path)}: ${error.code}`);
  });
  const stats = await lstat(path);
  if (!stats.isDirectory() || stats.uid !== uid || (stats.mode & 0o077) !== 0) {
    throw new LatchkeyError('file/unsafe', `${quote(path)} is not a directory of yours alone`, {
      hint: 'somebody else may have made it: set XDG_RUNTIME_DIR to a directory of your own',
    });
  }
  return path;
}

/** The directory of {@link linkReportDirectory}, whether it is there or not. */
export function linkReportPath(env: NodeJS.ProcessEnv = process.env, uid = process.geteuid?.() ?? 0): string {
  return join(env.XDG_RUNTIME_DIR || tmpdir(), `latchkey-links-${uid}`);
}

/** How {@link reportLinks} tells. */
export interface ReportOptions {
  /** What the program is called. */
  readonly name: string;
  /** Default: {@link linkReportDirectory}. */
  readonly directory?: string | undefined;
  /** The machine's board, from which its status page reads; it need not be there. Default: `LATCHKEY_LINK_BOARD`, else that of a packaged monitor. */
  readonly board?: string | undefined;
}

/**
 * Tells of links, at each change, until the function that it resolves to is called: in a directory that only this user can enter, and on the
 * machine's board if there is one. What cannot be written is not told.
 */
export async function reportLinks(links: Links, options: ReportOptions): Promise<() => Promise<void>> {
  const { name, directory, board = linkBoard() } = options;
  const begin = processBegin(process.pid);
  const file = join(directory ?? (await linkReportDirectory()), `${process.pid}-${begin}.json`);
  const onBoard = boardFile(board, process.pid, begin);
  let writing = Promise.resolve();
  let isWaiting = false;
  const write = () => {
    // Many changes at once are one file.
    if (isWaiting) return;
    isWaiting = true;
    writing = writing.then(async () => {
      isWaiting = false;
      const text = JSON.stringify(reportOf(links, name));
      await writeFileAtomic(file, text).catch(() => {});
      await putOnBoard(onBoard, text).catch(() => {});
    });
  };
  const stop = links.subscribe(write);
  const retelling = setInterval(write, RETELL_MS).unref();
  write();
  await writing;
  return async () => {
    stop();
    clearInterval(retelling);
    await writing;
    await rm(file, { force: true });
    await rm(onBoard, { force: true }).catch(() => {});
  };
}

/** What this user's programs tell; what is left of a program that has ended is removed. */
export async function readLinkReports(directory?: string): Promise<readonly LinksReport[]> {
  const place = directory ?? (await linkReportDirectory());
  const reports: LinksReport[] = [];
  for (const name of (await readdir(place)).sort().slice(0, MOST_FILES)) {
    const [, pid, begin] = /^(\d+)-(\d+)\.json$/.exec(name) ?? [];
    if (pid === undefined) continue;
    const file = join(place, name);
    if (processBegin(Number(pid)) !== begin) {
      await rm(file, { force: true });
      continue;
    }
    const report = parseLinksReport((await readReportFile(file))?.text ?? '');
    if (report !== undefined) reports.push(report);
  }
  return reports;
}

function reportOf(links: Links, name: string): LinksReport {
  return {
    ...{ pid: process.pid, name },
    links: links.list.map(({ id, observer, place, end, state, cause, since, provenAt, isShared }) => ({
      ...{ id, machines: machinesOn(observer, place, links.mode), isShared },
      ...{ from: describeEnd(end), to: describeEnd(place.end) },
      ...{ state, cause: cause?.message, remedy: cause?.hint },
      ...{ since: since.toISOString(), provenAt: provenAt?.toISOString() },
    })),
  };
}
