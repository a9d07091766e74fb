import {
  atoi,
  descriptionOption,
  fail,
  keyRetrieversOption,
  type OptionSpec,
  openStorage,
  policyOptions,
  policyReader,
  readCommandLine,
  reportError,
  standardOptions,
  storageOption,
  type Tool,
  type ToolContext,
  ToolExit,
  type ToolInterface,
} from '../kit/index.ts';

const options: readonly OptionSpec[] = [
  ...standardOptions,
  { short: 'c', value: 'cn', help: 'Common name of the new certificate' },
  storageOption,
  { short: 'l', long: 'username', value: 'username', help: 'Account' },
  {
    short: 't',
    value: 'hours',
    help: 'How long proxies delegated by the server may live (default 12 hours)',
  },
  {
    short: 'p',
    value: 'source',
    help: "Pass phrase of the authority's key: pass:…, env:VARIABLE, file:PATH or stdin",
  },
  {
    long: 'ca',
    value: 'directory',
    help: 'The authority (default: that of LATCHKEY_STATE, else Globus Simple CA)',
  },
  ...policyOptions,
  keyRetrieversOption,
  { short: 'n', help: 'Store without a pass phrase' },
  { short: 'd', long: 'dn_as_username', help: 'The account name is the subject of the new certificate' },
  { short: 'k', long: 'credname', value: 'name', help: 'Name of the credential' },
  descriptionOption,
];

const HOUR = 3600;

/** `myproxy-admin-adduser`: issues a certificate and puts it with its key into the storage directory. */
export const myproxyAdminAdduser: Tool = (argv, context) =>
  addCredential('myproxy-admin-adduser', argv, context);

/** `myproxy-admin-addservice`: the same for a service, whose key may be retrieved and whose credential bears its name. */
export const myproxyAdminAddservice: Tool = (argv, context) =>
  addCredential('myproxy-admin-addservice', argv, context);

async function addCredential(tool: string, argv: readonly string[], context: ToolContext): Promise<number> {
  const face: ToolInterface = { tool, synopsis: '[-c cn] [-l username] ...', options };
  const policies = policyReader({ retrievalExcludesRenewal: true });
  const line = readCommandLine(face, argv, context, policies.take);
  const isService = tool.endsWith('service');
  const commonName = line.value('c') ?? (await ask(context, 'Enter common name for the certificate: '));
  if (commonName === '') throw fail('a certificate needs a common name\n  hint: give it with -c');
  const { readPassPhrase } = await import('../kit/network.ts');
  const { findAuthority, issueTo } = await import('../kit/issuing-authority.ts');
  const authority = await findAuthority(context, {
    directory: line.value('ca'),
    passPhraseSource: line.value('p'),
  });
  const username =
    line.value('l') ?? (line.has('d') ? '' : await ask(context, 'Enter username [use DN by default]: '));
  const passPhrase = line.has('n')
    ? undefined
    : await readPassPhrase(context, { fromStdin: false, prompt: 'Enter PEM pass phrase:', verify: true });
  const issued = await issueTo(authority, { commonName, isService, passPhrase, now: context.now() });
  try {
    const store = await openStorage(context, line.value('s'));
    await store.write({
      username: username === '' ? issued.subject : username,
      name: line.value('k') ?? (isService ? commonName : undefined),
      description: line.value('K'),
      owner: issued.subject,
      maxLifetimeSeconds: atoi(line.value('t') ?? '12') * HOUR,
      ...policies.choice,
      ...(isService && policies.choice.keyRetrievers === undefined && { keyRetrievers: '*' }),
      pem: issued.pem,
    });
  } catch (error) {
    const reason = error instanceof ToolExit ? error.stderr : reportError(error);
    throw fail(`Unable to store credentials. ${reason.trimEnd()}\nmyproxy-admin-load-credential failed.`);
  }
  context.out(`Credential stored successfully\nCertificate subject is:\n${issued.subject}\n`);
  return 0;
}

async function ask(context: ToolContext, question: string): Promise<string> {
  context.out(question);
  const answer = await context.readLine();
  if (answer === undefined) throw fail('\nno answer on standard input');
  return answer.trim();
}
