import type { Command } from './command.ts';
import { statusLines, statusOf } from './models-jobs.ts';
import { withModels } from './models-place.ts';
import { watchStatus } from './models-watch.ts';

/** `latchkey models status [--watch]` */
export const modelsStatus: Command = (invocation) =>
  withModels(invocation, async ({ server }) => {
    const { given, context } = invocation;
    if (given.flag('watch') && !invocation.json) {
      await watchStatus(server, (text) => context.out(text));
      return { json: null, lines: [] };
    }
    const status = await statusOf(server);
    return { json: status, lines: statusLines(status) };
  });
