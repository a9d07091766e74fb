import { linkTools } from '../tools/link-tools.ts';
import type { Command } from './command.ts';

/** `latchkey link DIR` */
export const link: Command = async ({ given, context }) => {
  const { directory, linked, kept } = await linkTools(given.argument(0));
  const isInPath = (context.env.PATH ?? '').split(':').includes(directory);
  return {
    json: { directory, linked, kept },
    lines: [
      `${linked.length} tools linked in ${directory}`,
      ...kept.map((name) => `${name} is there already and is no link: left alone`),
      ...(isInPath ? [] : [`export PATH="${directory}:$PATH" to use them`]),
    ],
    exitCode: kept.length === 0 ? 0 : 1,
  };
};
