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
  tool: 'myproxy-change-pass-phrase',
  synopsis: '[-l username] [-k credname] ...',
  options: [
    ...standardOptions,
    ...connectionOptions,
    ...accountOptions,
    {
      short: 'S',
      long: 'stdin_pass',
      help: 'Read the old and then the new pass phrase from standard input, a line each',
    },
  ],
};

/** `myproxy-change-pass-phrase`: changes what protects a stored credential. */
export const myproxyChangePassPhrase: Tool = async (argv, context) => {
  const line = readCommandLine(face, argv, context);
  const servers = requireServers(line.connection);
  const { accountName, openClient, readPassPhrase, tellServer } = await import('../kit/network.ts');
  const fromStdin = line.has('S');
  const [client, username] = await Promise.all([
    openClient(context, { servers, connection: line.connection, verbose: line.has('v') }),
    accountName(context, { username: line.value('l'), isSubject: line.has('d') }),
  ]);
  // Both are asked for before anything is sent: a typing error must not leave half a request.
  const passphrase = await readPassPhrase(context, {
    fromStdin,
    prompt: 'Enter (current) MyProxy pass phrase:',
  });
  const newPassphrase = await readPassPhrase(context, {
    fromStdin,
    prompt: 'Enter new MyProxy pass phrase:',
    verify: true,
  });
  const server = await client.changePassphrase({
    username,
    credname: line.value('k'),
    passphrase,
    newPassphrase,
  });
  tellServer(context, line.has('v'), server);
  context.out('Pass phrase changed.\n');
  return 0;
};
