import {
  accountOptions,
  connectionOptions,
  descriptionOption,
  fail,
  keyRetrieversOption,
  policyOptions,
  policyReader,
  proxyLifetimeReader,
  readCommandLine,
  requireServers,
  standardOptions,
  storedLifetimeOption,
  type Tool,
  ToolExit,
  type ToolInterface,
} from '../kit/index.ts';

const face: ToolInterface = {
  tool: 'myproxy-store',
  synopsis: '[-c certfile] [-y keyfile] [-l username] [-r retrievers] ...',
  refusesOperands: false,
  options: [
    ...standardOptions,
    ...connectionOptions,
    {
      short: 'c',
      long: 'certfile',
      value: 'filename',
      help: 'Certificate (default: X509_USER_CERT or ~/.globus/usercert.pem)',
    },
    {
      short: 'y',
      long: 'keyfile',
      value: 'filename',
      help: 'Its key, sent as it is (default: X509_USER_KEY or ~/.globus/userkey.pem)',
    },
    ...accountOptions,
    storedLifetimeOption,
    ...policyOptions,
    keyRetrieversOption,
    descriptionOption,
  ],
};

const UNSPECIFIED =
  'Unspecified myproxy-server! Either set the MYPROXY_SERVER environment variable or explicitly set the myproxy-server via the -s flag';

/** `myproxy-store`: uploads certificate and key as they are in their files. */
export const myproxyStore: Tool = async (argv, context) => {
  const lifetime = proxyLifetimeReader();
  const policies = policyReader();
  const line = readCommandLine(face, argv, context, lifetime.take, policies.take);
  const servers = requireServers(line.connection, face, UNSPECIFIED);
  const { accountName, openClient, tellServer } = await import('../kit/network.ts');
  const { findOwnCertificate } = await import('../kit/own-certificate.ts');
  const { readCredentialPem } = await import('../kit/credential-pem.ts');
  const own = await findOwnCertificate(context.env);
  const certificateFile = line.value('c') ?? own.certificate;
  const keyFile = line.value('y') ?? own.key;
  if (certificateFile === undefined || keyFile === undefined) throw fail(missing(certificateFile, keyFile));
  const pem = await readCredentialPem(certificateFile, keyFile).catch((error: unknown) => {
    if (error instanceof ToolExit) throw fail(`${error.stderr}makecertfile failed`);
    throw error;
  });
  const [client, username] = await Promise.all([
    openClient(context, { servers, connection: line.connection, verbose: line.has('v') }),
    accountName(context, { username: line.value('l'), isSubject: line.has('d'), certificateFile }),
  ]);
  const { server } = await client.store({
    username,
    credname: line.value('k'),
    description: line.value('K'),
    lifetime: lifetime.seconds(),
    policies: policies.choice,
    pem,
  });
  tellServer(context, line.has('v'), server);
  context.out('Credentials saved to myproxy server.\n');
  return 0;
};

function missing(certificateFile: string | undefined, keyFile: string | undefined): string {
  if (certificateFile !== undefined)
    return 'Private key not found in default location.\nUse --keyfile option.';
  if (keyFile !== undefined) return 'Certificate not found in default location.\nUse --certfile option.';
  return 'Credentials not found in default location.\nUse --certfile and --keyfile options.';
}
