import { readFile } from 'node:fs/promises';
import type { StatePaths } from '../../daemon/index.ts';
import { isLatchkeyError, LatchkeyError, quote } from '../../kit/index.ts';
import type { OwnIdentity } from '../../myproxy/index.ts';
import {
  type Certificate,
  defaultProxyPath,
  formatOneline,
  identityOf,
  isEncryptedKey,
  isPkcs12,
  locateClientCredentials,
  openPkcs12,
  parseCertificates,
  parseCredential,
} from '../../x509/index.ts';
import { findOwnCertificate } from '../kit/own-certificate.ts';
import type { Invocation } from './command.ts';
import { type Place, type StateUser, stateUsers } from './place.ts';
import { askKeyPassPhrase } from './secrets.ts';

/** Files with a certificate and key of one's own. */
export interface OwnFiles {
  readonly certificate: string;
  /** The same file for a proxy. */
  readonly key: string;
  /** Who said so, for people. */
  readonly origin: string;
  /** What its pass phrase is asked for as; default the key's path. */
  readonly label?: string;
}

/** The account an operation is about: `-l`, `-d`, the only user of the state, `LOGNAME`. @throws LatchkeyError `cli/usage` */
export async function accountOf(invocation: Invocation, place: Place): Promise<string> {
  const { given, context } = invocation;
  const named = given.text('username');
  if (named !== undefined) return named;
  if (given.flag('dn-as-username')) {
    const files = await ownFiles(invocation, place);
    const identity = identityOf(await readChain(files.certificate));
    if (identity === undefined)
      throw new LatchkeyError('x509/credential-missing', `${quote(files.certificate)} names nobody`);
    return formatOneline(identity);
  }
  const users = place.state === undefined ? [] : await stateUsers(place.state);
  const [only, ...others] = users;
  if (only !== undefined && others.length === 0) return only.name;
  const login = context.env.LOGNAME ?? context.env.USER;
  if (users.length > 0 && !users.some((user) => user.name === login)) {
    throw new LatchkeyError('cli/usage', 'which user? there are several here', {
      hint: `-l NAME; this state knows ${users.map((user) => user.name).join(', ')}`,
    });
  }
  if (login !== undefined) return login;
  throw new LatchkeyError('cli/usage', 'which user? none is named', { hint: '-l NAME, or set LOGNAME' });
}

/**
 * The certificate and key to be on the connection: `--cert`, the state's user of that name (or the only one), else
 * the usual search.
 *
 * @throws LatchkeyError `x509/credential-missing`
 */
export async function ownFiles(
  invocation: Invocation,
  place: Place,
  { preferProxy = true } = {},
): Promise<OwnFiles> {
  const { given, context } = invocation;
  const named = given.text('cert');
  if (named !== undefined) return { certificate: named, key: given.text('key') ?? named, origin: '--cert' };
  if (place.state !== undefined) {
    const user = await userOfState(invocation, place);
    if (user !== undefined)
      return (
        (preferProxy && (await proxyOf(user, invocation))) || {
          certificate: user.certificate,
          key: user.key,
          origin: 'state',
          label: `${user.name}'s key`,
        }
      );
  }
  if (!preferProxy) {
    const { certificate, key } = await findOwnCertificate(context.env);
    if (certificate !== undefined && key !== undefined) return { certificate, key, origin: 'certificate' };
  }
  const located = preferProxy
    ? await locateClientCredentials({ env: { ...context.env }, uid: context.uid })
    : undefined;
  if (located?.type === 'proxy') return { certificate: located.path, key: located.path, origin: 'proxy' };
  if (located !== undefined)
    return { certificate: located.certificatePath, key: located.keyPath, origin: 'certificate' };
  throw new LatchkeyError('x509/credential-missing', 'you have no certificate of your own here', {
    hint:
      place.state === undefined
        ? 'looked for X509_USER_CERT and X509_USER_KEY, ~/.globus/usercert.pem and userkey.pem, and a proxy; --cert names another'
        : await stateHint(place.state),
  });
}

/** Opens the files, asking for the pass phrase of an encrypted key. */
export async function openIdentity(invocation: Invocation, files: OwnFiles): Promise<OwnIdentity> {
  const bytes = await readFile(files.certificate).catch(() => undefined);
  if (bytes !== undefined && isPkcs12(bytes)) return await openPkcs12File(invocation, files, bytes);
  const [certificatePem, keyPem] = await Promise.all([readText(files.certificate), readText(files.key)]);
  const pem = files.certificate === files.key ? certificatePem : `${certificatePem}\n${keyPem}`;
  const passPhrase = isSealed(keyPem, files)
    ? await askKeyPassPhrase(invocation, files.label ?? files.key)
    : undefined;
  try {
    return await parseCredential(pem, passPhrase);
  } catch (error) {
    return explain(error, files);
  } finally {
    passPhrase?.wipe();
  }
}

async function openPkcs12File(invocation: Invocation, files: OwnFiles, bytes: Buffer): Promise<OwnIdentity> {
  const passPhrase = await askKeyPassPhrase(invocation, files.label ?? files.certificate);
  try {
    return await openPkcs12(bytes, passPhrase);
  } catch (error) {
    return explain(error, files);
  } finally {
    passPhrase.wipe();
  }
}

function isSealed(keyPem: string, files: OwnFiles): boolean {
  try {
    return isEncryptedKey(keyPem);
  } catch (error) {
    return explain(error, files);
  }
}

/** Says of which file it is that something is wrong with. */
function explain(error: unknown, { certificate, key, label }: OwnFiles): never {
  if (!isLatchkeyError(error)) throw error;
  const isWrong = error.code === 'x509/pass-phrase-wrong';
  const message = isWrong
    ? `the pass phrase does not open ${label ?? quote(key)}`
    : `${[...new Set([certificate, key])].map((path) => quote(path)).join(' and ')}: ${error.message}`;
  const hint = isWrong
    ? `it is the one the key was made with, not the MyProxy one; the file is ${key}`
    : (error.hint ?? 'use other files with --cert and --key, or fetch a new proxy with latchkey logon');
  throw new LatchkeyError(error.code, message, { hint, cause: error, details: error.details });
}

/** The certificates in a file, leaf first. */
export async function readChain(path: string): Promise<Certificate[]> {
  return parseCertificates(await readText(path));
}

async function stateHint(state: StatePaths): Promise<string> {
  const users = await stateUsers(state);
  return users.length > 1
    ? `-l NAME; this state knows ${users.map(({ name }) => name).join(', ')}; --cert names another`
    : 'latchkey user add NAME makes one; --cert names another';
}

async function userOfState({ given }: Invocation, place: Place): Promise<StateUser | undefined> {
  if (place.state === undefined) return undefined;
  const users = await stateUsers(place.state);
  const name = given.text('username');
  if (name !== undefined) return users.find((user) => user.name === name);
  return users.length === 1 ? users[0] : undefined;
}

/** A proxy on this machine that stands for the same person: it spares typing the key's pass phrase. */
async function proxyOf(user: StateUser, { context }: Invocation): Promise<OwnFiles | undefined> {
  const path = defaultProxyPath({ ...context.env }, context.uid);
  try {
    const [proxy, own] = await Promise.all([readChain(path), readChain(user.certificate)]);
    const [proxyName, ownName] = [identityOf(proxy), identityOf(own)];
    const isSame = proxyName !== undefined && ownName !== undefined && proxyName.der.equals(ownName.der);
    const isValid = proxy.every((certificate) => certificate.notAfter > context.now());
    return isSame && isValid ? { certificate: path, key: path, origin: 'proxy' } : undefined;
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new LatchkeyError('x509/credential-missing', `cannot read ${quote(path)}`, { cause });
  }
}
