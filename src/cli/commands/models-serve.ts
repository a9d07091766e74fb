import { loadModelClass, serveModel } from '../../remote/index.ts';
import type { Command } from './command.ts';

/** `latchkey models serve MODULE EXPORT`: one job, started by a model server. */
export const modelsServe: Command = async ({ given }) => {
  await serveModel(() => loadModelClass(given.argument(0), given.argument(1)));
  return { json: {}, lines: [], raw: '' };
};
