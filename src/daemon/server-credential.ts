import { createHash, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { LatchkeyError, quote } from '../kit/index.ts';
import {
  type Certificate,
  defaultProxyPath,
  formatCertificates,
  formatOneline,
  isEncryptedKey,
  isSignedBy,
  namesEqual,
  openPrivateKey,
  parseCertificates,
  type TrustStore,
} from '../x509/index.ts';
import type { ListenSettings, ServerCredentialSettings } from './settings.ts';

const MAX_FILE_BYTES = 1 << 20;
const MAX_CHAIN = 20;
/** OpenSSL's numbers; Node names only some of them. */
const SSL_OP_NO_TICKET = 0x4000;
const SSL_OP_NO_RENEGOTIATION = 0x4000_0000;

/** Where the server's own certificate and key are. */
export interface ServerCredentialFiles {
  readonly certificate: string;
  readonly key: string;
}

/** The server's own credential, ready for TLS. */
export interface ServerCredential {
  /** One-line subject of the leaf. */
  readonly dn: string;
  readonly expires: Date;
  readonly secureContext: SecureContext;
  /** Leaf first, up to the root where it is known. */
  readonly chain: readonly Certificate[];
  readonly key: KeyObject;
  /** Changes with the contents of the files. */
  readonly fingerprint: string;
}

/**
 * Finds the server's own credential as the C server does. Root: the host certificate, else as a user. A user:
 * `X509_USER_PROXY` or the default proxy, `X509_USER_CERT` and `X509_USER_KEY`, `~/.globus/usercert.pem`, then the host
 * certificate.
 *
 * @throws LatchkeyError `x509/credential-missing`
 */
export async function locateServerCredential(
  settings: ServerCredentialSettings,
  env: NodeJS.ProcessEnv = process.env,
  uid: number = process.getuid?.() ?? -1,
): Promise<ServerCredentialFiles> {
  if (settings.certificate !== undefined) {
    return absolute({ certificate: settings.certificate, key: settings.key ?? settings.certificate });
  }
  const candidates =
    uid === 0 ? [...pairs(env, true), ...proxies(env, uid)] : [...proxies(env, uid), ...pairs(env, false)];
  for (const candidate of candidates) {
    if ((await isFile(candidate.certificate)) && (await isFile(candidate.key))) return absolute(candidate);
  }
  throw new LatchkeyError('x509/credential-missing', 'the server found no certificate of its own', {
    hint: `looked for ${[...new Set(candidates.map((candidate) => candidate.certificate))].join(', ')}; X509_USER_CERT and X509_USER_KEY name one`,
  });
}

function pairs(env: NodeJS.ProcessEnv, hostFirst: boolean): ServerCredentialFiles[] {
  const globus = join(env.HOME ?? homedir(), '.globus');
  const host = {
    certificate: '/etc/grid-security/hostcert.pem',
    key: '/etc/grid-security/hostkey.pem',
  };
  const user = { certificate: join(globus, 'usercert.pem'), key: join(globus, 'userkey.pem') };
  const named =
    env.X509_USER_CERT && env.X509_USER_KEY
      ? [{ certificate: env.X509_USER_CERT, key: env.X509_USER_KEY }]
      : [];
  return hostFirst ? [...named, host, user] : [...named, user, host];
}

function proxies(env: NodeJS.ProcessEnv, uid: number): ServerCredentialFiles[] {
  const path = defaultProxyPath(env, uid);
  return [{ certificate: path, key: path }];
}

/** A daemon changes to the root directory, and reads its certificate again later. */
function absolute({ certificate, key }: ServerCredentialFiles): ServerCredentialFiles {
  return { certificate: resolve(certificate), key: resolve(key) };
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

/**
 * Reads the server's credential and makes a TLS context that sends the whole chain, including the self-signed root
 * found in `trust`: clients that bootstrap trust (`myproxy-logon -b`) take it from there.
 *
 * @throws LatchkeyError `x509/…` or `file/…`; the message names the file
 */
export async function loadServerCredential(
  files: ServerCredentialFiles,
  trust: TrustStore,
  listen: Pick<ListenSettings, 'minTls' | 'maxTls'>,
  now: Date,
): Promise<ServerCredential> {
  const keyPem = await readKey(files.key);
  const certificatePem = files.key === files.certificate ? keyPem : await readBounded(files.certificate);
  const own = parseCertificates(certificatePem);
  const [leaf] = own;
  if (leaf === undefined) {
    throw new LatchkeyError('x509/credential-missing', `${quote(files.certificate)} holds no certificate`);
  }
  if (isEncryptedKey(keyPem)) {
    throw new LatchkeyError('x509/pass-phrase-needed', `the key in ${quote(files.key)} is encrypted`, {
      hint: 'a server needs a key without pass phrase, readable by its owner only',
    });
  }
  const key = await openPrivateKey(keyPem);
  if (leaf.notAfter <= now) {
    throw new LatchkeyError(
      'proxy/expired',
      `the server's certificate ${quote(files.certificate)} expired on ${leaf.notAfter.toISOString()}`,
      { hint: 'get a new one for this host; it is read again when the file changes' },
    );
  }
  const chain = completeChain(own, trust);
  const cert = formatCertificates(chain);
  const secureContext = makeContext(
    cert,
    key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    files,
    listen,
  );
  const fingerprint = createHash('sha256').update(cert).update(keyPem).digest('hex');
  return { dn: formatOneline(leaf.subject), expires: leaf.notAfter, secureContext, chain, key, fingerprint };
}

function makeContext(
  cert: string,
  key: string,
  files: ServerCredentialFiles,
  { minTls, maxTls }: Pick<ListenSettings, 'minTls' | 'maxTls'>,
): SecureContext {
  try {
    return createSecureContext({
      cert,
      key,
      // Not absent: then Node would load its own list of public authorities. Empty: no acceptable-CA list is sent, as
      // by the C server, and clients with proxies are not put off by one.
      ca: [],
      minVersion: minTls,
      maxVersion: maxTls,
      secureOptions: SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION,
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError(
      'x509/key-mismatch',
      `the server's certificate ${quote(files.certificate)} and key ${quote(files.key)} do not work together: ${why}`,
      { cause },
    );
  }
}

/** Leaf, then each issuer from the file or from trust, up to the root. */
function completeChain(own: readonly Certificate[], trust: TrustStore): Certificate[] {
  const chain = own.slice(0, 1);
  for (;;) {
    const last = chain.at(-1);
    if (last === undefined || chain.length >= MAX_CHAIN || namesEqual(last.subject, last.issuer))
      return chain;
    const candidates = [...own, ...trust.issuers(last.issuer)];
    const issuer = candidates.find(
      (candidate) => namesEqual(candidate.subject, last.issuer) && isSignedBy(last, candidate),
    );
    if (issuer === undefined || chain.includes(issuer)) return chain;
    chain.push(issuer);
  }
}

async function readKey(path: string): Promise<string> {
  const status = await stat(path).catch(() => undefined);
  if (status !== undefined && (status.mode & 0o077) !== 0 && !isServiceCredential(path)) {
    throw new LatchkeyError('file/unsafe', `the key ${quote(path)} can be read by others`, {
      hint: `chmod 600 ${path}`,
    });
  }
  return readBounded(path);
}

/** systemd gives a service its credentials by access lists, which show in the mode as rights of the group. */
function isServiceCredential(path: string, directory = process.env.CREDENTIALS_DIRECTORY): boolean {
  return directory !== undefined && directory !== '' && dirname(path) === resolve(directory);
}

async function readBounded(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes`);
    return await readFile(path, 'latin1');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot read ${quote(path)}: ${why}`, { cause });
  }
}
