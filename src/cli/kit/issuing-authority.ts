import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  type CertificateAuthority,
  issueHostCertificate,
  issueUserCertificate,
  readAuthority,
} from '../../ca/index.ts';
import { Secret } from '../../kit/index.ts';
import {
  formatCertificates,
  formatOneline,
  generateKeyPair,
  isEncryptedKey,
  keySigner,
  openPrivateKey,
  parseCertificates,
  sealPrivateKey,
} from '../../x509/index.ts';
import { isThere } from './own-certificate.ts';
import { fail, type ToolContext } from './tool.ts';

/** Which authority issues. */
export interface AuthorityChoice {
  /** `--ca`; default: that of `LATCHKEY_STATE`, else a Globus Simple CA. */
  readonly directory: string | undefined;
  /** `-p`: where the pass phrase of the authority's key is, in OpenSSL's notation. */
  readonly passPhraseSource: string | undefined;
}

/** Finds the authority that issues on this machine. @throws ToolExit when there is none or its key does not open */
export async function findAuthority(
  context: ToolContext,
  choice: AuthorityChoice,
): Promise<CertificateAuthority> {
  const state = context.env.LATCHKEY_STATE;
  const places =
    choice.directory !== undefined
      ? [choice.directory]
      : [
          ...(state === undefined ? [] : [join(state, 'ca')]),
          join(context.env.HOME ?? homedir(), '.globus', 'simpleCA'),
          '/var/lib/globus/simple_ca',
        ];
  for (const place of places) {
    if (await isThere(join(place, 'ca.pem'))) {
      const authority = await readAuthority(place);
      if (authority !== undefined) return authority;
    }
    if (await isThere(join(place, 'cacert.pem')))
      return readSimpleAuthority(context, place, choice.passPhraseSource);
  }
  throw fail(
    `there is no certificate authority in ${places.join(', ')}\n` +
      '  hint: latchkey serve makes one in its state directory; name it with --ca DIRECTORY',
  );
}

/** A Globus Simple CA: `cacert.pem` and `private/cakey.pem`. It issues below its own name without the last CN. */
async function readSimpleAuthority(
  context: ToolContext,
  directory: string,
  source: string | undefined,
): Promise<CertificateAuthority> {
  const [certificate] = parseCertificates(await readFile(join(directory, 'cacert.pem'), 'utf8'));
  if (certificate === undefined) throw fail(`${join(directory, 'cacert.pem')} holds no certificate`);
  const pem = await readFile(join(directory, 'private', 'cakey.pem'), 'utf8');
  const passPhrase = isEncryptedKey(pem) ? await passPhraseFrom(context, source) : undefined;
  const signer = keySigner(await openPrivateKey(pem, passPhrase));
  const namespace = formatOneline(certificate.subject).replace(/\/CN=[^/]*$/, '');
  return { certificate, signer, namespace };
}

/** OpenSSL's pass phrase notation: `pass:TEXT`, `env:VARIABLE`, `file:PATH` (first line), `stdin`; absent = ask. */
async function passPhraseFrom(context: ToolContext, source: string | undefined): Promise<Secret> {
  if (source === undefined) {
    const typed = await context.askSecret('Enter pass phrase for the key of the authority:');
    if (typed === undefined) throw fail('Error entering passphrase.');
    return typed;
  }
  const [kind = '', ...parts] = source.split(':');
  const rest = parts.join(':');
  switch (kind) {
    case 'pass':
      return new Secret(rest);
    case 'env':
      return new Secret(context.env[rest] ?? '');
    case 'file':
      return new Secret((await readFile(rest, 'utf8')).split('\n', 1)[0] ?? '');
    case 'stdin':
      return new Secret((await context.readLine()) ?? '');
    default:
      throw fail('the argument of -p is none of pass:…, env:VARIABLE, file:PATH and stdin');
  }
}

/** Whom a certificate is issued to. */
export interface Applicant {
  readonly commonName: string;
  /** A host or service: the name after `service/` also becomes a subjectAltName. */
  readonly isService: boolean;
  /** Seals the new key; absent or empty = it stays in the clear. */
  readonly passPhrase: Secret | undefined;
  readonly now: Date;
}

/** Makes a key, has it certified, and puts both together as the repository keeps them. */
export async function issueTo(
  authority: CertificateAuthority,
  applicant: Applicant,
): Promise<{ readonly subject: string; readonly pem: Secret }> {
  const { publicKey, privateKey } = await generateKeyPair({ type: 'rsa', bits: 2048 });
  const { commonName, now } = applicant;
  const certificate = applicant.isService
    ? await issueHostCertificate(authority, {
        publicKey,
        now,
        hostNames: [commonName.replace(/^[a-z]+\//, '')],
      })
    : await issueUserCertificate(authority, { publicKey, now, commonName });
  const keyPem =
    applicant.passPhrase === undefined || applicant.passPhrase.isEmpty
      ? privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      : await sealPrivateKey(privateKey, applicant.passPhrase);
  return {
    subject: formatOneline(certificate.subject),
    pem: new Secret(`${formatCertificates([certificate])}${keyPem}`),
  };
}
