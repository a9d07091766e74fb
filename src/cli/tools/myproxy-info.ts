import { printable } from '../../kit/index.ts';
import {
  accountOptions,
  connectionOptions,
  credentialLines,
  fail,
  readCommandLine,
  requireServers,
  standardOptions,
  type Tool,
  type ToolInterface,
} from '../kit/index.ts';

const face: ToolInterface = {
  tool: 'myproxy-info',
  synopsis: '[-l username] ...',
  options: [...standardOptions, ...connectionOptions, ...accountOptions],
};

/** `myproxy-info`: what the server keeps for a user. */
export const myproxyInfo: Tool = async (argv, context) => {
  const line = readCommandLine(face, argv, context);
  const servers = requireServers(line.connection, face);
  const { accountName, openClient, tellServer } = await import('../kit/network.ts');
  const [client, username] = await Promise.all([
    openClient(context, { servers, connection: line.connection, verbose: line.has('v') }),
    accountName(context, { username: line.value('l'), isSubject: line.has('d') }),
  ]);
  const result = await client.info({ username, credname: line.value('k') });
  tellServer(context, line.has('v'), result.server);
  if (!result.exists) throw fail(['ERROR from myproxy-server:', ...result.lines.map(printable)].join('\n'));
  const now = context.now();
  context.out(
    `username: ${username}\n${result.credentials.map((facts) => credentialLines(facts, now)).join('')}`,
  );
  return 0;
};
