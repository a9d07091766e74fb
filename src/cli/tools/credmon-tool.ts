import { resolve } from 'node:path';
import { type OptionSpec, readCommandLine, type Tool, type ToolInterface } from '../kit/index.ts';

const options: readonly OptionSpec[] = [
  { short: 'h', long: 'help', help: 'Prints this text' },
  { short: 'n', long: 'name', value: 'name', help: 'Name in the configuration (default CREDMON_OAUTH)' },
  { short: 'c', long: 'cred-dir', value: 'directory', help: 'Credential directory' },
  { short: 'l', long: 'log-file', value: 'file', help: 'Log file' },
  { short: 'd', long: 'debug', help: 'Logs more' },
  { short: 'v', long: 'verbose', help: 'The same' },
];

/** A monitor under one of its old names: reads HTCondor's configuration, stays in the foreground. */
export function credmonTool(tool: string, modes?: readonly ['vault']): Tool {
  const face: ToolInterface = { tool, synopsis: '[-n name] [-c directory] [-l file] [-dv]', options };
  return async (argv, context) => {
    const line = readCommandLine(face, argv, context);
    const name = (line.value('n') ?? 'CREDMON_OAUTH').toUpperCase();
    const directory = line.value('c');
    const logFile = line.value('l');
    const { loadCredmonSettings, runCredmonProcess } = await import('../../daemon/index.ts');
    return runCredmonProcess({
      load: () =>
        loadCredmonSettings({
          name,
          directory: directory === undefined ? undefined : resolve(directory),
          modes,
        }),
      ...(logFile === undefined ? {} : { logFile: resolve(logFile) }),
      isVerbose: line.has('d') || line.has('v'),
    });
  };
}
