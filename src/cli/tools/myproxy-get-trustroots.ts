import {
  connectionOptions,
  fail,
  readCommandLine,
  reportError,
  requireServers,
  standardOptions,
  type Tool,
  ToolExit,
  type ToolInterface,
} from '../kit/index.ts';

const face: ToolInterface = {
  tool: 'myproxy-get-trustroots',
  synopsis: '[-s server] [-p port]...',
  options: [
    ...standardOptions,
    ...connectionOptions,
    { short: 'q', long: 'quiet', help: 'Print errors only' },
    { short: 'b', long: 'bootstrap', help: 'Trust the server on first use' },
  ],
};

/** `myproxy-get-trustroots`: fetches and installs the authorities a server publishes. */
export const myproxyGetTrustroots: Tool = async (argv, context) => {
  const line = readCommandLine(face, argv, context);
  const servers = requireServers(line.connection);
  const { openClient } = await import('../kit/network.ts');
  const { installedPlace, needsBootstrap } = await import('../kit/trust-roots.ts');
  const [client, bootstrap] = await Promise.all([
    openClient(context, { servers, connection: line.connection, verbose: line.has('v') }),
    needsBootstrap(context, { trustRoots: true, bootstrap: line.has('b') }),
  ]);
  try {
    const roots = await client.getTrustRoots({ writeToCACertDir: true, bootstrap });
    if (roots.files.size > 0 && !line.has('q')) {
      context.out(`Trust roots have been installed in ${installedPlace(context, roots.directory)}.\n`);
    }
  } catch (error) {
    if (error instanceof ToolExit) throw error;
    throw fail(`Failed to receive trustroots.\n${reportError(error).trimEnd()}`);
  }
  return 0;
};
