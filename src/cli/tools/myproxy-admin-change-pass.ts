import type { Secret } from '../../kit/index.ts';
import type { KeyVault, StoredCredential } from '../../repository/index.ts';
import {
  fail,
  openStorage,
  readCommandLine,
  standardOptions,
  storageOption,
  type Tool,
  type ToolInterface,
} from '../kit/index.ts';

const face: ToolInterface = {
  tool: 'myproxy-admin-change-pass',
  synopsis: '[-l username] [-k credname] ...',
  options: [
    ...standardOptions,
    storageOption,
    { short: 'l', long: 'username', value: 'username', help: 'Account (default: LOGNAME)' },
    { short: 'k', long: 'credname', value: 'name', help: 'Name of the credential' },
    {
      short: 'S',
      long: 'stdin_pass',
      help: 'Read the old and then the new pass phrase from standard input, a line each',
    },
  ],
};

const CURRENT = 'Enter (current) MyProxy pass phrase:';
const NEW = 'Enter new MyProxy pass phrase:';

/** `myproxy-admin-change-pass`: changes the pass phrase of a credential in the storage directory. */
export const myproxyAdminChangePass: Tool = async (argv, context) => {
  const line = readCommandLine(face, argv, context);
  const username = line.value('l') ?? context.env.LOGNAME;
  if (username === undefined) throw fail('Please specify a username.');
  const { readPassPhrase } = await import('../kit/network.ts');
  const store = await openStorage(context, line.value('s'));
  const { isEncrypted, KeyVault: Vault } = await import('../../repository/index.ts');
  const credential = await store.read({ username, name: line.value('k') });
  if (credential === undefined) throw fail('Credentials do not exist.');
  const fromStdin = line.has('S');
  // Peers read a line for the old pass phrase with -S even when the key has none.
  const wasEncrypted = isEncrypted(credential.pem);
  const old =
    fromStdin || wasEncrypted ? await readPassPhrase(context, { fromStdin, prompt: CURRENT }) : undefined;
  const fresh = await readPassPhrase(context, { fromStdin, prompt: NEW, verify: true });
  const pem = await changed(new Vault(), credential, wasEncrypted ? old : undefined, fresh);
  if (pem === undefined) throw fail('invalid credential passphrase');
  await store.write({ ...credential, pem });
  context.out('Pass phrase changed.\n');
  return 0;
};

async function changed(
  vault: KeyVault,
  credential: StoredCredential,
  old: Secret | undefined,
  fresh: Secret,
): Promise<Secret | undefined> {
  if (old !== undefined) return vault.changePassPhrase(credential, old, fresh);
  const { formatCertificates, parseCertificates } = await import('../../x509/index.ts');
  const chainPem = formatCertificates(parseCertificates(credential.pem.revealText()));
  return vault.seal(chainPem, await vault.openClear(credential), fresh);
}
