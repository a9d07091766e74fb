import { readFileSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LatchkeyError, quote, writeFileAtomic } from '../../kit/index.ts';
import { describeEnd } from './describe-end.ts';
import type { Links } from './links.ts';
import { machinesOn } from './route.ts';

/** One link as other programs are told it; no secrets. */
export interface LinkReport {
  readonly id: number;
  /** The machines that a connection passes, the observer's first. */
  readonly machines: readonly string[];
  /** What the observer connects to, and where that leads. */
  readonly from: string;
  readonly to: string;
  readonly state: string;
  readonly cause?: string | undefined;
  readonly since: string;
  readonly isShared: boolean;
}

/** The links of one process. */
export interface LinksReport {
  readonly pid: number;
  /** What the process is called. */
  readonly name: string;
  readonly links: readonly LinkReport[];
}

const MOST_FILES = 1000;
const MOST_BYTES = 1 << 20;

/**
 * Where this user's programs tell of their links: a directory of his alone.
 *
 * @throws LatchkeyError `file/unsafe` when somebody else has made it, or may enter it
 */
export async function linkReportDirectory(
  env: NodeJS.ProcessEnv = process.env,
  uid = process.geteuid?.() ?? 0,
): Promise<string> {
  const path = join(env.XDG_RUNTIME_DIR || tmpdir(), `latchkey-links-${uid}`);
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

/** Tells of links, at each change, until the function that it resolves to is called. What cannot be written is not told. */
export async function reportLinks(
  links: Links,
  { name, directory }: { readonly name: string; readonly directory?: string },
): Promise<() => Promise<void>> {
  const file = join(
    directory ?? (await linkReportDirectory()),
    `${process.pid}-${beginOf(process.pid)}.json`,
  );
  let writing = Promise.resolve();
  let isWaiting = false;
  const write = () => {
    // Many changes at once are one file.
    if (isWaiting) return;
    isWaiting = true;
    writing = writing.then(async () => {
      isWaiting = false;
      await writeFileAtomic(file, JSON.stringify(reportOf(links, name))).catch(() => {});
    });
  };
  const stop = links.subscribe(write);
  write();
  await writing;
  return async () => {
    stop();
    await writing;
    await rm(file, { force: true });
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
    if (beginOf(Number(pid)) !== begin) await rm(file, { force: true });
    else reports.push(...(await readReport(file)));
  }
  return reports;
}

async function readReport(file: string): Promise<LinksReport[]> {
  try {
    if ((await lstat(file)).size > MOST_BYTES) return [];
    return [JSON.parse(await readFile(file, 'utf8')) as LinksReport];
  } catch {
    // It has ended just now.
    return [];
  }
}

function reportOf(links: Links, name: string): LinksReport {
  return {
    ...{ pid: process.pid, name },
    links: links.list.map(({ id, observer, place, end, state, cause, since, isShared }) => ({
      ...{ id, machines: machinesOn(observer, place, links.mode), isShared },
      ...{ from: describeEnd(end), to: describeEnd(place.end) },
      ...{ state, cause: cause?.message, since: since.toISOString() },
    })),
  };
}

/** When a process began, in ticks since the start of the machine; `0` = there is none, or this system does not tell. */
function beginOf(pid: number): string {
  try {
    // The second field is a name in parentheses that may itself hold parentheses and blanks.
    return (
      readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? '0'
    );
  } catch {
    return '0';
  }
}
