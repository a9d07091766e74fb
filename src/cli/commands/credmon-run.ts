import { resolve } from 'node:path';
import { loadCredmonSettings, runCredmonProcess } from '../../daemon/index.ts';
import type { Command } from './command.ts';

/** `latchkey credmon run`: the monitor, until a signal ends it. */
export const credmonRun: Command = async ({ given, context }) => {
  const config = given.text('config');
  const directory = given.text('directory');
  const log = given.text('log');
  const isOurs = config?.endsWith('.toml') === true;
  const exitCode = await runCredmonProcess({
    load: () =>
      loadCredmonSettings({
        name: (given.text('name') ?? 'CREDMON_OAUTH').toUpperCase(),
        directory: directory === undefined ? undefined : resolve(directory),
        ...(isOurs && config !== undefined ? { file: config } : {}),
        env: {
          ...context.env,
          ...(isOurs || config === undefined ? {} : { CONDOR_CONFIG: resolve(config) }),
        },
      }),
    logFile: log === undefined || log === '-' ? log : resolve(log),
    isVerbose: given.flag('verbose'),
  });
  return { json: { ended: exitCode }, lines: [], raw: '', exitCode };
};
