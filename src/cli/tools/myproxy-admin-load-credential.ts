import {
  accountOptions,
  atoi,
  descriptionOption,
  fail,
  type GivenOption,
  keyRetrieversOption,
  openStorage,
  policyOptions,
  policyReader,
  readCommandLine,
  standardOptions,
  storageOption,
  storedLifetimeOption,
  type Tool,
  type ToolInterface,
  usageText,
} from '../kit/index.ts';

const face: ToolInterface = {
  tool: 'myproxy-admin-load-credential',
  synopsis: '[-l username] [-r retrievers] [-R renewers] ...',
  options: [
    ...standardOptions,
    storageOption,
    { short: 'c', long: 'certfile', value: 'filename', help: 'Certificate to store' },
    { short: 'y', long: 'keyfile', value: 'filename', help: 'Its key, stored as it is' },
    ...accountOptions,
    storedLifetimeOption,
    ...policyOptions,
    keyRetrieversOption,
    descriptionOption,
  ],
};

const HOUR = 3600;

/** `myproxy-admin-load-credential`: puts a certificate and key into the storage directory. */
export const myproxyAdminLoadCredential: Tool = async (argv, context) => {
  const policies = policyReader({ retrievalExcludesRenewal: true });
  let maxLifetimeSeconds = 12 * HOUR;
  const takeLifetime = ({ key, value = '' }: GivenOption): boolean => {
    if (key === 't') maxLifetimeSeconds = atoi(value) * HOUR;
    return key === 't';
  };
  const line = readCommandLine(face, argv, context, takeLifetime, policies.take);
  const usage = (): string => usageText(face.tool, face.synopsis, face.options).trimEnd();
  const certificateFile = line.value('c');
  const keyFile = line.value('y');
  if (certificateFile === undefined) throw fail(`Specify certificate file with -c option\n${usage()}`);
  if (keyFile === undefined) throw fail(`Specify key file with -y option\n${usage()}`);
  const { accountName } = await import('../kit/network.ts');
  const { readCredentialPem } = await import('../kit/credential-pem.ts');
  const pem = await readCredentialPem(certificateFile, keyFile);
  const username = await accountName(context, {
    username: line.value('l'),
    isSubject: line.has('d'),
    certificateFile,
  });
  const owner = await accountName(context, { username: undefined, isSubject: true, certificateFile });
  try {
    const store = await openStorage(context, line.value('s'));
    await store.write({
      username,
      name: line.value('k'),
      description: line.value('K'),
      owner,
      maxLifetimeSeconds,
      ...policies.choice,
      pem,
    });
  } catch (error) {
    throw fail(`Unable to store credentials. ${error instanceof Error ? error.message : String(error)}`);
  }
  context.out('Credential stored successfully\n');
  return 0;
};
