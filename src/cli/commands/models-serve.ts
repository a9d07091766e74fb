import { loadModelClass, serveModel } from '../../remote/index.ts';
import type { Command } from './command.ts';

/** What a model has left open (a timer, a connection) does not keep its job longer than that. */
const LAST_MS = 500;

/** `latchkey models serve MODULE EXPORT`: one job, started by a model server. */
export const modelsServe: Command = async ({ given }) => {
  await serveModel(() => loadModelClass(given.argument(0), given.argument(1)));
  setTimeout(() => process.exit(), LAST_MS).unref();
  return { json: {}, lines: [], raw: '' };
};
