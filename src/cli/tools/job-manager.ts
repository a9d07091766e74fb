import { printable, Secret } from '../../kit/index.ts';
import { connectObject, type RemoteObject } from '../../pyro/index.ts';
import { RegistryClient } from '../../remote/index.ts';
import { statusLines, statusOf } from '../commands/models-status.ts';
import { tryModels } from '../commands/models-test.ts';
import {
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
  { short: 'd', long: 'debug', help: 'Says each step' },
];

/** `jobManTest`: allocates a job of a job manager, talks to it, ends it, and says how long that took. */
export const jobManTest: Tool = jobManagerTool('jobManTest', async (server, context, isDebugging) => {
  const { job, seconds } = await tryModels(
    server,
    (text) => isDebugging && context.err(`${printable(text)}\n`),
  );
  context.out(`Test OK: ${printable(job)}\nTime consumed ${seconds.toFixed(2)} s\n`);
});

/** `jobManStatus`: the jobs of a job manager, once; `latchkey models status --watch` goes on. */
export const jobManStatus: Tool = jobManagerTool('jobManStatus', async (server, context) => {
  context.out(
    `${statusLines(await statusOf(server))
      .map(printable)
      .join('\n')}\n`,
  );
});

function jobManagerTool(
  tool: string,
  act: (server: RemoteObject, context: ToolContext, isDebugging: boolean) => Promise<void>,
): Tool {
  const face: ToolInterface = { tool, synopsis: '-j name [-n host] [-r port] [-k key] [-d]', options };
  return async (argv, context) => {
    const line = readCommandLine(face, argv, context);
    const name = line.value('j');
    if (name === undefined) throw fail(`${tool}: -j says which job manager`, 2);
    const port = Number(line.value('r') ?? 9090);
    if (!(Number.isInteger(port) && port > 0 && port <= 65_535)) throw fail(`${tool}: -r takes a port`, 2);
    if (line.has('k'))
      context.err(`${tool}: everybody on this machine can read -k; set MUPIF_HKEY instead\n`);
    const key = line.value('k') ?? context.env.MUPIF_HKEY;
    const access = key === undefined ? {} : { hmacKey: new Secret(key), version: 4 as const };
    const names = await RegistryClient.connect({ host: line.value('n') ?? '127.0.0.1', port }, access);
    const { uri } = await found(names, name);
    const server = await connectObject(uri, access);
    try {
      await act(server, context, line.has('d'));
    } finally {
      await server.close();
    }
    return 0;
  };
}

async function found(names: RegistryClient, name: string) {
  try {
    return await names.lookup(name);
  } finally {
    await names.close();
  }
}
