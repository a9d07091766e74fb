import { accountName } from '../kit/account-name.ts';
import { openClient } from '../kit/client-setup.ts';
import { readCommandLine } from '../kit/command-line.ts';
import { connectionOptions, requireServers } from '../kit/connection-options.ts';
import { credentialLines } from '../kit/credential-lines.ts';
import { accountOptions, standardOptions, type ToolInterface } from '../kit/read-options.ts';
import { fail, type Tool } from '../kit/tool.ts';

const face: ToolInterface = {
  tool: 'myproxy-info',
  synopsis: '[-l username] ...',
  options: [...standardOptions, ...connectionOptions, ...accountOptions],
};

/** `myproxy-info`: what the server keeps for a user. */
export const myproxyInfo: Tool = async (argv, context) => {
  const line = readCommandLine(face, argv, context);
  const servers = requireServers(line.connection);
  const [client, username] = await Promise.all([
    openClient(context, { servers, connection: line.connection, verbose: line.has('v') }),
    accountName(context, { username: line.value('l'), isSubject: line.has('d') }),
  ]);
  const result = await client.info({ username, credname: line.value('k') });
  if (!result.exists) throw fail(['ERROR from myproxy-server:', ...result.lines].join('\n'));
  const now = context.now();
  context.out(
    `username: ${username}\n${result.credentials.map((facts) => credentialLines(facts, now)).join('')}`,
  );
  return 0;
};
