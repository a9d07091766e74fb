import {
  accountOptions,
  connectionOptions,
  readCommandLine,
  requireServers,
  standardOptions,
  type Tool,
  type ToolInterface,
} from '../kit/index.ts';

const face: ToolInterface = {
  tool: 'myproxy-destroy',
  synopsis: '[-l username] ...',
  options: [...standardOptions, ...connectionOptions, ...accountOptions],
};

/** `myproxy-destroy`: removes a credential from the server. */
export const myproxyDestroy: Tool = async (argv, context) => {
  const line = readCommandLine(face, argv, context);
  const servers = requireServers(line.connection, face);
  const { accountName, openClient, tellServer } = await import('../kit/network.ts');
  const [client, username] = await Promise.all([
    openClient(context, { servers, connection: line.connection, verbose: line.has('v') }),
    accountName(context, { username: line.value('l'), isSubject: line.has('d') }),
  ]);
  const credname = line.value('k');
  tellServer(context, line.has('v'), await client.destroy({ username, credname }));
  const which = credname === undefined ? 'Default MyProxy credential' : `MyProxy credential '${credname}'`;
  context.out(`${which} for user ${username} was successfully removed.\n`);
  return 0;
};
