import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { LatchkeyError, quote } from '../../kit/index.ts';
import {
  type Credential,
  describeProxy,
  formatOneline,
  identityOf,
  locateClientCredentials,
  parseCredential,
  readProxyFile,
} from '../../x509/index.ts';
import { pemParts } from './pem-parts.ts';
import type { SecretSource } from './secret-source.ts';

/** A credential in files, both PEM. */
export interface CredentialFiles {
  /** Certificate, and for a proxy file also key and chain. */
  readonly certFile: string;
  /** Default: the same file. */
  readonly keyFile?: string | undefined;
  /** Opens an encrypted key. */
  readonly keyPassphrase?: SecretSource | undefined;
}

/** Whom to be on the TLS connection: a credential, files with one, or nobody. */
export type OwnIdentity = Credential | CredentialFiles | 'anonymous';

/** A credential that is ready for use, and where it comes from. */
export interface LoadedIdentity {
  readonly credential: Credential;
  /** For messages: `the proxy in "/tmp/x509up_u1000"`. */
  readonly description: string;
  /** Its certificate file, if it came from one. */
  readonly path?: string;
}

/** Where to find the user's own credential. */
export interface IdentitySearch {
  readonly env: NodeJS.ProcessEnv;
  /** Look for the user's certificate before a proxy: for `put` and `store`. Default false. */
  readonly endEntityFirst?: boolean;
}

const MAX_FILE_BYTES = 1 << 20;

/** Reads a credential that was named; a given one is taken as it is. */
export async function loadIdentity(
  identity: Exclude<OwnIdentity, 'anonymous'>,
  keyPassphrase?: SecretSource,
): Promise<LoadedIdentity> {
  if ('chain' in identity) {
    const name = identityOf(identity.chain);
    return {
      credential: identity,
      description: `the credential ${quote(name === undefined ? '' : formatOneline(name))}`,
    };
  }
  const credential = await readCredential(identity, identity.keyPassphrase ?? keyPassphrase);
  const kind =
    credential.chain[0] !== undefined && describeProxy(credential.chain[0]) ? 'proxy' : 'certificate';
  return { credential, description: `the ${kind} in ${quote(identity.certFile)}`, path: identity.certFile };
}

/** The files of the user's own credential, if there is one in any of the usual places. */
export async function findIdentity(search: IdentitySearch): Promise<CredentialFiles | undefined> {
  if (search.endEntityFirst) {
    const own = await findEndEntity(search.env);
    if (own !== undefined) return own;
  }
  const location = await locateClientCredentials({ env: search.env });
  if (location === undefined) return undefined;
  return location.type === 'proxy'
    ? { certFile: location.path }
    : { certFile: location.certificatePath, keyFile: location.keyPath };
}

/** Certificate, key and chain as one PEM text: the certificate file, then the key file unless it is the same. */
export async function readCredentialFiles(files: CredentialFiles): Promise<string> {
  const certificates = await readText(files.certFile);
  if (files.keyFile === undefined || files.keyFile === files.certFile) {
    return certificates;
  }
  return `${certificates}\n${await readText(files.keyFile)}`;
}

/** @throws LatchkeyError `proxy/expired` when a certificate of the chain has */
export function checkNotExpired(identity: LoadedIdentity, now: Date): void {
  const expired = identity.credential.chain.find((certificate) => certificate.notAfter <= now);
  if (expired === undefined) return;
  const isProxy = describeProxy(expired) !== undefined;
  const remedy = isProxy
    ? `make a new proxy${identity.path === undefined ? '' : `, or remove it: rm ${identity.path}`}`
    : 'renew the certificate';
  throw new LatchkeyError(
    'proxy/expired',
    `${identity.description} expired at ${expired.notAfter.toISOString()}`,
    { hint: remedy, details: { path: identity.path, expired: expired.notAfter } },
  );
}

async function findEndEntity(env: NodeJS.ProcessEnv): Promise<CredentialFiles | undefined> {
  const home = env.HOME ?? homedir();
  const certFile = env.X509_USER_CERT || join(home, '.globus', 'usercert.pem');
  const keyFile = env.X509_USER_KEY || join(home, '.globus', 'userkey.pem');
  const files = await Promise.all([readText(certFile), readText(keyFile)]).catch(() => undefined);
  return files === undefined ? undefined : { certFile, keyFile };
}

async function readCredential(files: CredentialFiles, source: SecretSource | undefined): Promise<Credential> {
  const isOneFile = files.keyFile === undefined || files.keyFile === files.certFile;
  if (isOneFile && source === undefined) return await readProxyFile(files.certFile);
  const pem = await readCredentialFiles(files);
  if (!pemParts(pem).isKeyEncrypted) return await parseCredential(pem);
  if (source === undefined) {
    const keyFile = files.keyFile ?? files.certFile;
    throw new LatchkeyError('x509/pass-phrase-needed', `the key in ${quote(keyFile)} is encrypted`, {
      hint: 'give its pass phrase (keyPassphrase), or make a proxy first',
      details: { path: keyFile },
    });
  }
  return await parseCredential(pem, typeof source === 'function' ? await source() : source);
}

/** Reads a file that somebody named, and no more of it than a credential can have. */
async function readText(path: string): Promise<string> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const { size, mode } = await file.stat();
    if (size > MAX_FILE_BYTES) {
      throw new LatchkeyError('file/unsafe', `${quote(path)} has ${size} bytes, too many for a credential`);
    }
    const text = await file.readFile('utf8');
    if ((mode & 0o077) !== 0 && text.includes('PRIVATE KEY-----')) throw readableByOthers(path, mode);
    return text;
  } catch (cause) {
    throw cause instanceof LatchkeyError ? cause : unreadable(path, cause);
  } finally {
    await file.close();
  }
}

function readableByOthers(path: string, mode: number): LatchkeyError {
  return new LatchkeyError(
    'file/unsafe',
    `the key in ${quote(path)} can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
    { hint: `chmod 600 ${path}`, details: { path } },
  );
}

function unreadable(path: string, cause: unknown): LatchkeyError {
  const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return missing
    ? new LatchkeyError('x509/credential-missing', `there is no file ${quote(path)}`, {
        cause,
        details: { path },
      })
    : new LatchkeyError('file/io', `cannot read ${quote(path)}: ${reason}`, { cause, details: { path } });
}
