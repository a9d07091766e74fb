import type { ProxyOrder } from '../kit/create-proxy.ts';
import {
  accountOptions,
  atoi,
  type CommandLine,
  connectionOptions,
  descriptionOption,
  fail,
  policyOptions,
  policyReader,
  proxyLifetimeReader,
  readCommandLine,
  requireServers,
  secondsLeft,
  standardOptions,
  storedLifetimeOption,
  type Tool,
  type ToolContext,
  ToolExit,
  type ToolInterface,
  vomsOption,
  vomsReader,
} from '../kit/index.ts';

const HOUR = 3600;
const DEFAULT_HOURS = 168;

const face: ToolInterface = {
  tool: 'myproxy-init',
  synopsis: '[-c #hours] [-t #hours] [-l username] [-r retrievers] ...',
  options: [
    ...standardOptions,
    ...accountOptions,
    {
      short: 'c',
      long: 'cred_lifetime',
      value: 'hours',
      help: 'How long the stored credential lives (default 168 hours, a week; 0: as long as your certificate)',
    },
    storedLifetimeOption,
    ...connectionOptions,
    { short: 'C', long: 'certfile', value: 'filename', help: 'Certificate to make the proxy of' },
    { short: 'y', long: 'keyfile', value: 'filename', help: 'Its key' },
    ...policyOptions,
    { short: 'S', long: 'stdin_pass', help: 'Read pass phrases from standard input, a line each' },
    { short: 'n', long: 'no_passphrase', help: 'Store without a pass phrase' },
    descriptionOption,
    { short: 'L', long: 'local_proxy', help: 'Also make a proxy for local use' },
    vomsOption,
  ],
};

/** `myproxy-init`: makes a proxy and delegates it to the server. */
export const myproxyInit: Tool = async (argv, context) => {
  const lifetime = proxyLifetimeReader();
  const policies = policyReader();
  const voms = vomsReader();
  const line = readCommandLine(face, argv, context, lifetime.take, policies.take, voms.take);
  const servers = requireServers(line.connection, face);
  const { accountName, openClient, readPassPhrase, tellServer } = await import('../kit/network.ts');
  const { createProxy, tellValidity } = await import('../kit/create-proxy.ts');
  const order = {
    ...(await proxyOrder(line, context)),
    extensions: await attributes(context, voms.values()),
  };
  // The proxy never touches the disk: it is delegated, then forgotten.
  const credential = await createProxy(context, order).catch(proxyFailed);
  tellValidity(context, order, credential);
  const { formatOneline, identityOf } = await import('../../x509/index.ts');
  const identity = identityOf(credential.chain);
  const username =
    line.value('l') === undefined && line.has('d') && identity !== undefined
      ? formatOneline(identity)
      : await accountName(context, { username: line.value('l'), isSubject: false });
  const client = await openClient(context, { servers, connection: line.connection, verbose: line.has('v') });
  // Renewal and trusted retrieval work on keys without a pass phrase only, so those policies imply -n.
  const { renewers, trustedRetrievers } = policies.choice;
  const isOpen = line.has('n') || renewers !== undefined || trustedRetrievers !== undefined;
  const result = await client.put({
    username,
    credname: line.value('k'),
    description: line.value('K'),
    passphrase: isOpen
      ? undefined
      : () => readPassPhrase(context, { fromStdin: line.has('S'), verify: true }),
    lifetime: lifetime.seconds(),
    credentialLifetime: order.lifetimeSeconds,
    policies: policies.choice,
    credential,
    identity: credential,
  });
  tellServer(context, line.has('v'), result.server);
  if (line.has('L')) await makeLocalProxy(context, credential, lifetime.seconds());
  const seconds =
    order.lifetimeSeconds > 0 ? order.lifetimeSeconds : secondsLeft(result.expires, context.now());
  const hours = Math.floor(seconds / HOUR);
  context.out(
    `A proxy valid for ${hours} hours (${(hours / 24).toFixed(1)} days) for user ${username} now exists on ${servers}.\n`,
  );
  return 0;
};

/** For `-m`: the attributes go into the proxy that is stored, and hold as long as the VOMS server gives them. */
async function attributes(context: ToolContext, voms: readonly string[]): Promise<ProxyOrder['extensions']> {
  if (voms.length === 0) return undefined;
  const { attributesFor, prepareDress } = await import('../kit/voms-dress.ts');
  const say = (text: string): void => context.out(text);
  const errand = await prepareDress(context, { voms, lifetimeSeconds: 0, say });
  return (credential) => attributesFor(errand, credential);
}

async function proxyOrder(line: CommandLine, context: ToolContext): Promise<ProxyOrder> {
  const { findOwnCertificate } = await import('../kit/own-certificate.ts');
  const own = await findOwnCertificate(context.env);
  const certificateFile = line.value('C') ?? own.certificate;
  const keyFile = line.value('y') ?? own.key;
  if (certificateFile === undefined || keyFile === undefined) {
    throw fail(
      "Error: Couldn't find valid credentials to generate a proxy.\n" +
        '  hint: put usercert.pem and userkey.pem into ~/.globus, or name them with -C and -y\n' +
        'grid-proxy-init failed',
    );
  }
  const mode = context.env.GT_PROXY_MODE;
  const hours = line.value('c');
  return {
    certificateFile,
    keyFile,
    kind: mode === 'old' ? 'legacy' : mode === 'rfc' ? 'rfc3820' : undefined,
    rights: 'impersonation',
    bits: atoi(context.env.MYPROXY_KEYBITS ?? '2048'),
    lifetimeSeconds: Math.max(0, hours === undefined ? DEFAULT_HOURS : atoi(hours)) * HOUR,
    fromStdin: line.has('S'),
    isQuiet: false,
    isDebug: line.has('v'),
    verify: true,
  };
}

function proxyFailed(error: unknown): never {
  if (error instanceof ToolExit)
    throw new ToolExit(error.code, { stderr: `${error.stderr}grid-proxy-init failed\n` });
  throw error;
}

type LocalCredential = Awaited<ReturnType<typeof import('../kit/create-proxy.ts')['createProxy']>>;

/** A second proxy, made of the first, at the place where programs look. */
async function makeLocalProxy(
  context: ToolContext,
  from: LocalCredential,
  lifetimeSeconds: number,
): Promise<void> {
  const { defaultProxyPath, generateKeyPair, issueProxy, keySigner, writeProxyFile } = await import(
    '../../x509/index.ts'
  );
  const [issuer] = from.chain;
  if (issuer === undefined) return;
  const pair = await generateKeyPair({ type: 'rsa', bits: atoi(context.env.MYPROXY_KEYBITS ?? '2048') });
  const proxy = await issueProxy({
    issuer,
    signer: keySigner(from.privateKey),
    publicKey: pair.publicKey,
    ...(lifetimeSeconds > 0 && { lifetimeSeconds }),
    now: context.now(),
  });
  const path = await writeProxyFile(
    { chain: [proxy, ...from.chain], privateKey: pair.privateKey },
    defaultProxyPath({ ...context.env }, context.uid),
  );
  context.out(`A proxy for local use is in ${path}.\n`);
}
