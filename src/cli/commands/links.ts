import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { counted, LatchkeyError, quote } from '../../kit/index.ts';
import {
  drawLinks,
  type LinksReport,
  linkLines,
  linkReportDirectory,
  mapLines,
  readLinkReports,
} from '../../remote/index.ts';
import type { Command, Invocation, Report } from './command.ts';
import { watchLines } from './watch-lines.ts';

/** `latchkey links list [--watch]`: the links of this user's programs. */
export const linksList: Command = async (invocation) => {
  const watched = await watch(invocation, listLines);
  if (watched !== undefined) return watched;
  const programs = await reports(invocation);
  return { json: { programs }, lines: listLines(programs) };
};

/** `latchkey links map [--svg FILE] [--watch]`: the same as a picture. */
export const linksMap: Command = async (invocation) => {
  const file = invocation.given.text('svg');
  const watched = file === undefined ? await watch(invocation, pictureLines) : undefined;
  if (watched !== undefined) return watched;
  const programs = await reports(invocation);
  const links = programs.flatMap((program) => program.links);
  if (file === undefined) return { json: { links }, lines: pictureLines(programs) };
  if (file === '-') return { json: { links }, lines: [], raw: drawLinks(links) };
  await writeFile(file, drawLinks(links)).catch((cause: NodeJS.ErrnoException) => {
    const isMissing = cause.code === 'ENOENT';
    throw new LatchkeyError(
      'file/io',
      `cannot write ${quote(file)}: ${REASONS[cause.code ?? ''] ?? cause.code}`,
      {
        cause,
        ...(isMissing ? { hint: `there is no directory ${quote(dirname(file))}` } : {}),
      },
    );
  });
  return {
    json: { file, links },
    lines: [`${counted(links.length, 'link')} drawn in ${file}`],
  };
};

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such directory',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOSPC: 'no space left',
};

/** What to do about it, for whoever looks here first. */
const NOTHING = [
  'no program of yours holds links',
  '  a program that runs here tells of its links with reportLinks(links, { name }) of latchkey/remote',
];

/** Numbers run on from program to program, as they do in the picture. */
function listLines(programs: readonly LinksReport[]): string[] {
  if (programs.length === 0) return NOTHING;
  let count = 0;
  return programs.flatMap(({ pid, name, links }) => {
    const lines = linkLines(links, count + 1);
    count += links.length;
    return [
      `${name} (process ${pid})`,
      ...(links.length === 0 ? ['  no links at the moment'] : lines.map((line) => `  ${line}`)),
    ];
  });
}

function pictureLines(programs: readonly LinksReport[]): string[] {
  const picture = mapLines(programs.flatMap(({ links }) => links));
  return [...picture, ...(picture.length === 0 ? [] : ['']), ...listLines(programs)];
}

/** With `--watch`, until somebody ends it. */
async function watch(
  invocation: Invocation,
  linesOf: (programs: readonly LinksReport[]) => readonly string[],
): Promise<Report | undefined> {
  if (!invocation.given.flag('watch') || invocation.json) return undefined;
  await watchLines(
    async () => linesOf(await reports(invocation)),
    (text) => invocation.context.out(text),
  );
  return { json: null, lines: [] };
}

async function reports({ context }: Invocation): Promise<readonly LinksReport[]> {
  return await readLinkReports(await linkReportDirectory(context.env, context.uid));
}
