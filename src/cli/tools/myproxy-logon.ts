import type { Secret } from '../../kit/index.ts';
import type { MyProxyClient, TrustRootsResult } from '../../myproxy/index.ts';
import type { Credential } from '../../x509/index.ts';
import {
  type CommandLine,
  connectionOptions,
  fail,
  proxyLifetimeReader,
  readCommandLine,
  reportError,
  requireServers,
  standardOptions,
  type Tool,
  type ToolContext,
  ToolExit,
  type ToolInterface,
  vomsOption,
  vomsReader,
} from '../kit/index.ts';

const face: ToolInterface = {
  tool: 'myproxy-logon',
  synopsis: '[-t hours] [-l username] ...',
  options: [
    ...standardOptions,
    {
      short: 'l',
      long: 'username',
      value: 'username',
      help: 'Account name on the server (default: LOGNAME)',
    },
    {
      short: 't',
      long: 'proxy_lifetime',
      value: 'hours',
      help: 'How long the new proxy shall live (default 12 hours; 0: as long as allowed)',
    },
    {
      short: 'o',
      long: 'out',
      value: 'path',
      help: "Where the new proxy goes ('-': standard output; default: X509_USER_PROXY or /tmp/x509up_u<uid>)",
    },
    ...connectionOptions,
    {
      short: 'a',
      long: 'authorization',
      value: 'path',
      help: 'Renew: the proxy in this file proves who asks, instead of a pass phrase',
    },
    {
      short: 'd',
      long: 'dn_as_username',
      help: 'The account name is the subject of the credential of -a, or of your own',
    },
    { short: 'k', long: 'credname', value: 'name', help: 'Name of the stored credential' },
    { short: 'S', long: 'stdin_pass', help: 'Read the pass phrase from standard input' },
    { short: 'T', long: 'trustroots', help: 'Also fetch and install trust roots' },
    { short: 'b', long: 'bootstrap', help: 'Trust the server on first use; implies -T' },
    { short: 'n', long: 'no_passphrase', help: 'Do not ask for a pass phrase' },
    { short: 'N', long: 'no_credentials', help: 'Only check that the pass phrase is accepted' },
    { short: 'q', long: 'quiet', help: 'Print errors only' },
    vomsOption,
    {
      short: 'Q',
      long: 'certreq',
      value: 'path',
      help: "Use the PEM certificate request in this file ('-': standard input); the output has no key",
    },
  ],
};

/** `myproxy-logon`, also called `myproxy-get-delegation`: retrieves a delegated proxy. */
export const myproxyLogon: Tool = async (argv, context) => {
  const lifetime = proxyLifetimeReader();
  const voms = vomsReader();
  const line = readCommandLine(face, argv, context, lifetime.take, voms.take);
  const servers = requireServers(line.connection);
  if (voms.values().length > 0 && line.value('o') === '-') throw fail('-voms is not compatible with -o -');
  if (voms.values().length > 0 && line.has('Q')) throw fail('-voms needs a key of its own: leave -Q out');
  const dress = await dressOf(context, line, voms.values(), lifetime.seconds());
  const renewWith = line.value('a');
  const { accountName, openClient, readPassPhrase, tellServer } = await import('../kit/network.ts');
  const [client, username, trust] = await Promise.all([
    openClient(context, { servers, connection: line.connection, verbose: line.has('v') }),
    accountName(context, { username: line.value('l'), isSubject: line.has('d'), certificateFile: renewWith }),
    trustChoice(line, context),
  ]);
  const request = {
    username,
    credname: line.value('k'),
    lifetime: lifetime.seconds(),
    // Peers do so: connect and authenticate first, ask for the pass phrase then.
    passphrase:
      line.has('n') || renewWith !== undefined
        ? undefined
        : () => readPassPhrase(context, { fromStdin: line.has('S') }),
    renew: renewWith === undefined ? undefined : { certFile: renewWith },
    voNames: voms.values(),
    ...trust,
  };
  try {
    if (line.has('N')) tellServer(context, line.has('v'), await client.authenticate(request));
    else await receive(client, request, line, context, dress);
  } catch (error) {
    // A pass phrase that was not entered is no failure of the server.
    if (error instanceof ToolExit) throw error;
    throw fail(`Failed to receive credentials.\n${reportError(error).trimEnd()}`);
  }
  return 0;
};

type LogonRequest = Parameters<MyProxyClient['logon']>[0];

async function receive(
  client: MyProxyClient,
  request: LogonRequest,
  line: CommandLine,
  context: ToolContext,
  dress: Dress,
): Promise<void> {
  const { tellServer } = await import('../kit/network.ts');
  const requestFile = line.value('Q');
  const certReq = requestFile === undefined ? undefined : await readRequest(requestFile, context);
  const { defaultProxyPath, formatCertificates, formatCredential } = await import('../../x509/index.ts');
  const out = line.value('o') ?? defaultProxyPath({ ...context.env }, context.uid);
  let trustRoots: TrustRootsResult | undefined;
  if (certReq === undefined) {
    const result = await client.logon(request);
    tellServer(context, line.has('v'), result.server);
    await deliver(formatCredential(await dress(result.credential)), out, context);
    trustRoots = result.trustRoots;
  } else {
    const result = await client.logon({ ...request, certReq });
    tellServer(context, line.has('v'), result.server);
    await deliver(formatCertificates(result.chain), out, context);
    trustRoots = result.trustRoots;
  }
  if (line.has('q') || out === '-') return;
  context.out(`A credential has been received for user ${request.username} in ${out}.\n`);
  if (trustRoots !== undefined) await tellTrustRoots(trustRoots, context);
}

/** What is done to a retrieved proxy before it is written. */
type Dress = (retrieved: Credential) => Promise<Credential>;

/** For `-m`: attributes are put below what came, unless the server has put them in. It may know VOMS servers that we do not. */
async function dressOf(
  context: ToolContext,
  line: CommandLine,
  voms: readonly string[],
  lifetimeSeconds: number,
): Promise<Dress> {
  if (voms.length === 0) return async (retrieved) => retrieved;
  const { dressRetrieved, prepareDress } = await import('../kit/voms-dress.ts');
  const order = {
    voms,
    lifetimeSeconds,
    say: (text: string): void => {
      if (!line.has('q')) context.out(text);
    },
  };
  const errand = await prepareDress(context, order).catch((error: unknown) => {
    if (error instanceof ToolExit) return { obtain: () => Promise.reject(error) };
    throw error;
  });
  return (retrieved) => dressRetrieved(context, order, errand, retrieved);
}

async function readRequest(file: string, context: ToolContext): Promise<string> {
  if (file === '-') return (await context.readInput()).toString('latin1');
  const { readFile } = await import('node:fs/promises');
  return readFile(file, 'latin1').catch((error: Error) => {
    throw fail(`Failed to read ${file}: ${error.message}`);
  });
}

async function deliver(pem: Secret | string, out: string, context: ToolContext): Promise<void> {
  const bytes = typeof pem === 'string' ? Buffer.from(pem) : pem.reveal();
  if (out === '-') {
    context.out(bytes);
    return;
  }
  const { reasonOf, writePrivateFile } = await import('../kit/network.ts');
  await writePrivateFile(out, bytes).catch((error: unknown) => {
    throw fail(`Failed to receive credentials.\nopen(${out}) failed: ${reasonOf(error)}`);
  });
}

async function tellTrustRoots(roots: TrustRootsResult, context: ToolContext): Promise<void> {
  if (roots.files.size === 0) return;
  const { installedPlace } = await import('../kit/trust-roots.ts');
  context.out(`Trust roots have been installed in ${installedPlace(context, roots.directory)}.\n`);
}

async function trustChoice(
  line: CommandLine,
  context: ToolContext,
): Promise<{ updateTrustRoots: boolean; bootstrap: boolean }> {
  const wanted = { bootstrap: line.has('b'), trustRoots: line.has('b') || line.has('T') };
  if (!wanted.trustRoots) return { updateTrustRoots: false, bootstrap: false };
  const { needsBootstrap } = await import('../kit/trust-roots.ts');
  return { updateTrustRoots: true, bootstrap: await needsBootstrap(context, wanted) };
}
