import { accountName } from '../kit/account-name.ts';
import { openClient } from '../kit/client-setup.ts';
import { readCommandLine } from '../kit/command-line.ts';
import { connectionOptions, requireServers } from '../kit/connection-options.ts';
import { accountOptions, standardOptions, type ToolInterface } from '../kit/read-options.ts';
import type { Tool } from '../kit/tool.ts';

const face: ToolInterface = {
  tool: 'myproxy-destroy',
  synopsis: '[-l username] ...',
  options: [...standardOptions, ...connectionOptions, ...accountOptions],
};

/** `myproxy-destroy`: removes a credential from the server. */
export const myproxyDestroy: Tool = async (argv, context) => {
  const line = readCommandLine(face, argv, context);
  const servers = requireServers(line.connection);
  const [client, username] = await Promise.all([
    openClient(context, { servers, connection: line.connection, verbose: line.has('v') }),
    accountName(context, { username: line.value('l'), isSubject: line.has('d') }),
  ]);
  const credname = line.value('k');
  await client.destroy({ username, credname });
  const which = credname === undefined ? 'Default MyProxy credential' : `MyProxy credential '${credname}'`;
  context.out(`${which} for user ${username} was successfully removed.\n`);
  return 0;
};
