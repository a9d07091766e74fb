import type { Secret } from '../../kit/index.ts';
import {
  atoi,
  connectionReader,
  fail,
  type OptionSpec,
  parseGetopt,
  reportError,
  serverLines,
  type Tool,
  type ToolContext,
  ToolExit,
  usageText,
} from '../kit/index.ts';

const HOUR = 3600;

const options: readonly OptionSpec[] = [
  { short: 'h', long: 'help', help: 'Prints this text' },
  {
    short: 'o',
    long: 'out',
    value: 'file',
    help: "Where the credential goes ('-': standard output; default: X509_USER_PROXY)",
  },
  {
    short: 'C',
    long: 'cadir',
    value: 'directory',
    help: 'Directory of trusted authorities (default: X509_CERT_DIR)',
  },
  { short: 's', long: 'pshost', value: 'hostname', help: 'The MyProxy server' },
  { short: 'p', long: 'psport', value: 'port', help: 'Its port' },
  { short: 'n', long: 'no_passphrase', help: 'Do not ask for a pass phrase' },
  { short: 'k', long: 'credname', value: 'name', help: 'Name of the stored credential' },
  { short: 't', long: 'proxy_lifetime', value: 'hours', help: 'Lifetime of the proxy (default 12)' },
  { short: 'S', long: 'stdin_pass', help: 'Read the pass phrase from standard input' },
  { short: 'b', long: 'bootstrap', help: 'Trust the server on first use' },
  { short: 'T', long: 'trustroots', help: 'Also fetch and install trust roots' },
  { short: 'l', long: 'username', value: 'username', help: 'Account name (default: LOGNAME)' },
  { short: 'e', long: 'error_trace', help: 'Accepted; errors are always told in full' },
];

/** The exit code of Python's option parser for a bad command line. */
const BAD_USAGE = 2;

/** `myproxyclient logon …`, the command of the Python client. */
export const myproxyClient: Tool = async (argv, context) => {
  const [command, ...rest] = argv;
  const usage = usageText('myproxyclient', 'logon [options]', options);
  if (command === undefined) throw misuse('No command set', usage);
  if (command === '-h' || command === '--help') throw new ToolExit(0, { stdout: usage });
  if (command !== 'logon') throw misuse(`Command ${command} not supported`, usage);
  const { given, operands, problem } = parseGetopt(rest, options);
  if (given.some(({ key }) => key === 'h')) throw new ToolExit(0, { stdout: usage });
  if (problem !== undefined || operands.length > 0)
    throw misuse(problem ?? `no such option: ${operands[0]}`, usage);
  const connection = connectionReader(context.env);
  for (const option of given) connection.take(option);
  const line = new Map(given.map(({ key, value }) => [key, value]));
  const out = line.get('o') ?? context.env.X509_USER_PROXY;
  if (out === undefined)
    throw misuse("Credential output file must be specified or 'X509_USER_PROXY' set", usage);
  const servers = connection.choice.servers;
  if (servers === undefined) throw misuse('no server: give one with -s, or set MYPROXY_SERVER', usage);
  const username = line.get('l') ?? context.env.LOGNAME;
  if (username === undefined) throw misuse('no user: give one with -l, or set LOGNAME', usage);
  const caCertDir = line.get('C');
  const env = caCertDir === undefined ? context.env : { ...context.env, X509_CERT_DIR: caCertDir };
  try {
    await logon({ ...context, env }, { line, servers, connection: connection.choice, username, out });
  } catch (error) {
    if (error instanceof ToolExit) throw error;
    const text = serverLines(error)?.join('\n') ?? reportError(error).trimEnd();
    throw fail(`MyProxy error retrieving credentials: ${text}`);
  }
  return 0;
};

interface Order {
  readonly line: ReadonlyMap<string, string | undefined>;
  readonly servers: string;
  readonly connection: { readonly servers: string | undefined; readonly port: number };
  readonly username: string;
  readonly out: string;
}

async function logon(context: ToolContext, order: Order): Promise<void> {
  const { line, servers, connection, username, out } = order;
  const { openClient } = await import('../kit/network.ts');
  const client = await openClient(context, { servers, connection, verbose: false });
  const { credential } = await client.logon({
    username,
    credname: line.get('k'),
    lifetime: atoi(line.get('t') ?? '12') * HOUR,
    passphrase: line.has('n') ? undefined : () => askPassword(context, order),
    bootstrap: line.has('b'),
    updateTrustRoots: line.has('b') || line.has('T'),
  });
  const { formatCredential } = await import('../../x509/index.ts');
  const pem = formatCredential(credential).reveal();
  if (out === '-') context.out(pem);
  else {
    const { reasonOf, writePrivateFile } = await import('../kit/network.ts');
    await writePrivateFile(out, pem).catch((error: unknown) => {
      throw fail(`Error retrieving credentials: cannot write ${out}: ${reasonOf(error)}`);
    });
  }
}

async function askPassword(context: ToolContext, { line, username, servers }: Order): Promise<Secret> {
  if (line.has('S')) {
    const { Secret: Sealed } = await import('../../kit/index.ts');
    return new Sealed(((await context.readLine()) ?? '').trimEnd());
  }
  const secret = await context.askSecret(
    `Enter password for user '${username}' on MyProxy server '${servers}':`,
  );
  if (secret === undefined) throw fail('Error retrieving credentials: no password was entered');
  return secret;
}

function misuse(problem: string, usage: string): ToolExit {
  return new ToolExit(BAD_USAGE, { stderr: `${usage.trim()}\n\nmyproxyclient: error: ${problem}\n` });
}
