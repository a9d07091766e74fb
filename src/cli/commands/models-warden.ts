import { watchModelOrphans } from '../../remote/index.ts';
import type { Command } from './command.ts';

/** `latchkey models warden DIR GRACE STOP`: run when a model server has ended, by what it has left for that. */
export const modelsWarden: Command = async ({ given }) => {
  await watchModelOrphans({
    directory: given.argument(0),
    graceSeconds: Number(given.argument(1)),
    stopSeconds: Number(given.argument(2)),
  });
  return { json: {}, lines: [], raw: '' };
};
