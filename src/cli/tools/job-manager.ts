import { printable, Secret } from '../../kit/index.ts';
import type { LegacySettings } from '../../remote/index.ts';
import { Session } from '../../session/index.ts';
import { statusLines, statusOf } from '../commands/models-jobs.ts';
import { type ReachedModels, reachModels, type SshWay } from '../commands/models-reach.ts';
import {
  addIdentities,
  clientSettings,
  loginFindings,
  loginSession,
  networkMode,
} from '../commands/models-settings.ts';
import { tryModels } from '../commands/models-test.ts';
import { watchStatus } from '../commands/models-watch.ts';
import {
  type CommandLine,
  fail,
  type OptionSpec,
  readCommandLine,
  type Tool,
  type ToolContext,
  type ToolInterface,
} from '../kit/index.ts';

const options: readonly OptionSpec[] = [
  { short: 'h', long: 'help', help: 'Prints this text' },
  { short: 'j', long: 'jobmanname', value: 'name', help: 'Name of the job manager in the name server' },
  { short: 'n', long: 'nshost', value: 'host', help: 'Name server (default 127.0.0.1)' },
  { short: 'r', long: 'nsport', value: 'port', help: 'Its port (default 9090)' },
  {
    short: 'k',
    long: 'hkey',
    value: 'key',
    help: 'The key; MUPIF_HKEY keeps it out of the list of processes',
  },
  { short: 't', long: 'tunnel', help: 'Reaches the job manager through SSH' },
  { short: 'u', long: 'user', value: 'user', help: 'Login name there' },
  {
    short: 's',
    long: 'sshhost',
    value: 'host',
    help: 'Where to log in (default: what the name server says)',
  },
  { short: 'c', long: 'config', value: 'file', help: 'All of this from a settings file; it is never run' },
  { short: 'm', long: 'mode', value: 'mode', help: 'With -c: 0 local (default), 1 through SSH, 2 VPN' },
  { short: 'd', long: 'debug', help: 'Says each step' },
];

/** `jobManTest`: allocates a job of a job manager, talks to it, ends it, and says how long that took. */
export const jobManTest: Tool = jobManagerTool('jobManTest', async (models, context, isDebugging) => {
  const { job, seconds } = await tryModels(
    models,
    (text) => isDebugging && context.err(`${printable(text)}\n`),
  );
  context.out(`Test OK: ${printable(job)}\nTime consumed ${seconds.toFixed(2)} s\n`);
});

/** `jobManStatus`: the jobs of a job manager: on a terminal a screen that `q` ends, else once. */
export const jobManStatus: Tool = jobManagerTool('jobManStatus', async ({ server }, context) => {
  if (process.stdout.isTTY === true) return await watchStatus(server, (text) => context.out(text));
  const lines = statusLines(await statusOf(server)).map(printable);
  context.out(`${lines.join('\n')}\n`);
});

function jobManagerTool(
  tool: string,
  act: (models: ReachedModels, context: ToolContext, isDebugging: boolean) => Promise<void>,
): Tool {
  const synopsis = '-j name [-n host] [-r port] [-k key] [-t [-u user] [-s host]] [-d] | -c file [-m mode]';
  const face: ToolInterface = { tool, synopsis, options };
  return async (argv, context) => {
    const line = readCommandLine(face, argv, context);
    const mode = networkMode(line.value('m') ?? '0');
    const file = line.value('c');
    const settings = file === undefined ? undefined : await clientSettings(file, mode, context.env);
    const name = line.value('j') ?? settings?.name;
    if (name === undefined) throw fail(`${tool}: -j says which job manager`, 2);
    const registry = {
      host: line.value('n') ?? settings?.registry?.host ?? '127.0.0.1',
      port: Number(line.value('r') ?? settings?.registry?.port ?? 9090),
    };
    if (!(Number.isInteger(registry.port) && registry.port > 0 && registry.port <= 65_535))
      throw fail(`${tool}: -r takes a port`, 2);
    if (line.has('k'))
      context.err(`${tool}: everybody on this machine can read -k; set MUPIF_HKEY instead\n`);
    const key = line.value('k') ?? context.env.MUPIF_HKEY;
    const isThroughSsh = line.has('t') || line.has('s') || (settings !== undefined && mode === 1);
    const models = await reachModels({
      at: { name, registry },
      key: key === undefined ? settings?.key : new Secret(key),
      ssh: isThroughSsh ? await sshWay(tool, line, settings, context) : undefined,
    });
    try {
      await act(models, context, line.has('d'));
    } finally {
      await models.close();
    }
    return 0;
  };
}

async function sshWay(
  tool: string,
  line: CommandLine,
  settings: LegacySettings | undefined,
  { env, uid, err }: ToolContext,
): Promise<SshWay> {
  const { program, options: words = [], host, user } = settings?.ssh ?? {};
  const login = loginSession({
    ...{ machine: line.value('s') ?? host, server: settings?.listen.host, program, options: words },
    user: line.value('u') ?? user,
  });
  for (const text of loginFindings(settings, login)) err(`${tool}: ${text}\n`);
  const session = new Session({ ...login.options, env, uid });
  try {
    await addIdentities(session, login.identityFiles);
  } catch (error) {
    await session.close();
    throw error;
  }
  return login.way(session);
}
