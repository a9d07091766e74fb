import { writeFile } from 'node:fs/promises';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { drawLinks, linkLines, linkReportDirectory, readLinkReports } from '../../remote/index.ts';
import type { Command, Invocation } from './command.ts';

/** `latchkey links list`: the links of this user's programs. */
export const linksList: Command = async (invocation) => {
  const programs = await reports(invocation);
  const lines = programs.flatMap(({ pid, name, links }) => [
    `${name} (process ${pid})`,
    ...linkLines(links).map((line) => `  ${line}`),
  ]);
  return { json: { programs }, lines: lines.length === 0 ? ['no program holds links'] : lines };
};

/** `latchkey links map [--svg FILE]`: the same as a picture. */
export const linksMap: Command = async (invocation) => {
  const programs = await reports(invocation);
  const links = programs.flatMap((program) => program.links);
  const file = invocation.given.text('svg');
  if (file === undefined) {
    return {
      json: { links },
      lines: links.length === 0 ? ['no program holds links'] : linkLines(links),
    };
  }
  await writeFile(file, drawLinks(links)).catch((cause: NodeJS.ErrnoException) => {
    throw new LatchkeyError('file/io', `cannot write ${quote(file)}: ${cause.code}`, { cause });
  });
  return { json: { file, links }, lines: [`${links.length} links drawn in ${file}`] };
};

async function reports({ context }: Invocation) {
  return await readLinkReports(await linkReportDirectory(context.env, context.uid));
}
