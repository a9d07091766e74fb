import { atoi, readCommandLine, standardOptions, type Tool, type ToolInterface } from '../kit/index.ts';

const face: ToolInterface = {
  tool: 'myproxy-server',
  synopsis: '[-p #] [-c config-file] [-s storage-dir] ...',
  options: [
    ...standardOptions,
    { short: 'd', long: 'debug', help: 'Stay in front, serve one connection, log to standard error' },
    { short: 'c', long: 'config', value: 'file', help: 'Configuration file' },
    { short: 'l', long: 'listen', value: 'hostname', help: 'Host name or address to listen on' },
    { short: 'p', long: 'port', value: 'portnumber', help: 'Port to listen on (0: one that is free)' },
    { short: 'P', long: 'pidfile', value: 'path', help: 'File to write the process id to' },
    { short: 'z', long: 'portfile', value: 'path', help: 'File to write the port to' },
    { short: 's', long: 'storage', value: 'directory', help: 'Directory of the stored credentials' },
  ],
};

/** `myproxy-server`: the daemon, with the options and habits of the C server. */
export const myproxyServer: Tool = async (argv, context) => {
  const line = readCommandLine(face, argv, context);
  const port = line.value('p') ?? context.env.MYPROXY_SERVER_PORT;
  const { runLegacyServer } = await import('../../daemon/index.ts');
  return runLegacyServer({
    ...given('config', line.value('c')),
    ...given('storage', line.value('s')),
    ...given('listen', line.value('l')),
    ...given('pidFile', line.value('P')),
    ...given('portFile', line.value('z')),
    ...(port !== undefined && { port: atoi(port) }),
    debug: line.has('d'),
    verbose: line.has('v'),
    ident: context.name,
  });
};

function given<Key extends string>(key: Key, value: string | undefined): { [name in Key]?: string } {
  const entry: { [name in Key]?: string } = {};
  if (value !== undefined) entry[key] = value;
  return entry;
}
