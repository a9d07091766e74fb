import { linkTools } from '../tools/link-tools.ts';
import type { Command } from './command.ts';

/** `latchkey link DIR` */
export const link: Command = async ({ given, context, note }) => {
  const { directory, linked, kept } = await linkTools(given.argument(0));
  const isInPath = (context.env.PATH ?? '').split(':').includes(directory);
  for (const name of kept) note(`latchkey: ${name} is there already and is no link: left alone`);
  if (!isInPath) note(`  hint: export PATH="${directory}:$PATH"`);
  return {
    json: { directory, linked, kept },
    lines: [`${linked.length} tools linked in ${directory}`],
    exitCode: kept.length === 0 ? 0 : 1,
  };
};
