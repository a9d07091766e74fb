import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../src/kit/index.ts';

/** A certificate and its key in PEM files (key 0600, not encrypted). */
export interface GridIdentity {
  readonly certificate: string;
  readonly key: string;
  /** Subject in one-line form. */
  readonly dn: string;
}

/** A throw-away grid: one CA, its trust directory, and credentials of a host, a user and a robot. */
export interface Grid {
  readonly directory: string;
  readonly ca: GridIdentity;
  /** `<hash>.0` and `<hash>.signing_policy` in both hash styles. */
  readonly trustDirectory: string;
  /** CN=localhost, with SAN dNSName localhost and iPAddress 127.0.0.1 and ::1. */
  readonly host: GridIdentity;
  readonly user: GridIdentity;
  readonly robot: GridIdentity;
  /** Makes one more credential signed by the CA, in `<directory>/<name>.pem` and `.key`. */
  issue(name: string, options?: IssueOptions): Promise<GridIdentity>;
}

/** What {@link Grid.issue} varies. */
interface IssueOptions {
  /** One-line subject; default `/O=Grid/OU=Test/CN=<name>`. */
  readonly dn?: string;
  /** Lines of an OpenSSL extension section; default the key usage of a user. */
  readonly extensions?: readonly string[];
  readonly key?: 'rsa' | 'ec';
  readonly days?: number;
}

const USER_EXTENSIONS = ['keyUsage=critical,digitalSignature,keyEncipherment'];
const HOST_EXTENSIONS = ['subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'];

/** Makes a grid in `directory` with openssl; keys are RSA 2048, made at the same time. */
export async function makeGrid(directory: string, caDn = '/O=Grid/OU=Test/CN=Test CA'): Promise<Grid> {
  mkdirSync(directory, { recursive: true });
  const ca: GridIdentity = {
    certificate: join(directory, 'ca.pem'),
    key: join(directory, 'ca.key'),
    dn: caDn,
  };
  await openssl([
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-subj', caDn],
    ...['-keyout', ca.key, '-out', ca.certificate],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  ]);
  const issue = (name: string, options: IssueOptions = {}) => issueIdentity(directory, ca, name, options);
  const [trustDirectory, host, user, robot] = await Promise.all([
    makeTrustDirectory(directory, ca),
    issue('host', { dn: '/O=Grid/OU=Test/CN=localhost', extensions: HOST_EXTENSIONS }),
    issue('user', { dn: '/O=Grid/OU=Test/CN=Jane User' }),
    issue('robot', { dn: '/O=Grid/OU=Test/CN=Robot Renewer' }),
  ]);
  return { directory, ca, trustDirectory, host, user, robot, issue };
}

async function makeTrustDirectory(directory: string, ca: GridIdentity): Promise<string> {
  const trustDirectory = join(directory, 'certificates');
  mkdirSync(trustDirectory, { recursive: true });
  const pem = await openssl(['x509', '-in', ca.certificate]);
  const hashes = await openssl(['x509', '-in', ca.certificate, '-noout', '-hash', '-subject_hash_old']);
  for (const hash of hashes.trim().split('\n')) {
    // The C server insists that every file of its cert_dir is world-readable.
    writeFileSync(join(trustDirectory, `${hash}.0`), pem, { mode: 0o644 });
    const policy = `access_id_CA X509 '${ca.dn}'\npos_rights globus CA:sign\ncond_subjects globus '"/O=Grid/*"'\n`;
    writeFileSync(join(trustDirectory, `${hash}.signing_policy`), policy, { mode: 0o644 });
  }
  return trustDirectory;
}

async function issueIdentity(
  directory: string,
  ca: GridIdentity,
  name: string,
  { dn = `/O=Grid/OU=Test/CN=${name}`, extensions = USER_EXTENSIONS, key = 'rsa', days = 365 }: IssueOptions,
): Promise<GridIdentity> {
  const path = (suffix: string) => join(directory, `${name}.${suffix}`);
  const algorithm = key === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  await openssl([
    ...['req', '-newkey', ...algorithm, '-nodes', '-subj', dn],
    ...['-keyout', path('key'), '-out', path('csr')],
  ]);
  writeFileSync(path('ext'), `${extensions.join('\n')}\n`);
  const serial = String(Math.floor(Math.random() * 2 ** 48) + 1);
  await openssl([
    ...['x509', '-req', '-in', path('csr'), '-CA', ca.certificate, '-CAkey', ca.key, '-set_serial', serial],
    ...['-days', String(days), '-extfile', path('ext'), '-out', path('pem')],
  ]);
  chmodSync(path('key'), 0o600);
  return { certificate: path('pem'), key: path('key'), dn };
}

async function openssl(args: readonly string[]): Promise<string> {
  const run = await runProgram('openssl', args);
  if (run.code !== 0) throw new Error(`openssl ${args[0]}: ${run.stderr.toString()}`);
  return run.stdout.toString();
}
