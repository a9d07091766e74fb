import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../src/kit/index.ts';
import {
  type AttributeCertificate,
  type AttributeCertificateFields,
  attributeCertificatesExtension,
  issueAttributeCertificate,
} from '../../src/voms/index.ts';
import {
  type Credential,
  formatCredential,
  generateKeyPair,
  issueProxy,
  keySigner,
  makeCredential,
  type ProxyFields,
  parseCredential,
} from '../../src/x509/index.ts';
import { type Grid, type GridIdentity, makeGrid } from './grid.ts';

/** A grid on disk with a VOMS server's credential (the host's) and a VOMS directory that knows it for testvo. */
export interface VomsLab {
  readonly grid: Grid;
  readonly directory: string;
  readonly vomsDirectory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly server: Credential;
  readonly user: Credential;
  readonly robot: Credential;
  /** Runs voms-proxy-fake for the user; answers the path of the proxy. */
  fake(name: string, ...options: string[]): Promise<string>;
  /** Attributes of the user in testvo from the server. */
  attributes(more?: Partial<AttributeCertificateFields>): Promise<AttributeCertificate>;
  /** Writes a proxy below a credential. */
  proxy(name: string, below: Credential, more?: Partial<ProxyFields>): Promise<string>;
  /** Writes a proxy of the user with these attributes. */
  dressed(name: string, certificates: readonly AttributeCertificate[], below?: Credential): Promise<string>;
}

export const readIdentity = (identity: GridIdentity): Promise<Credential> =>
  parseCredential(readFileSync(identity.certificate, 'utf8') + readFileSync(identity.key, 'utf8'));

/** The lines of an LSC file for the host and the CA of a grid. */
const lscLines = (grid: Grid): readonly [string, string] => [grid.host.dn, grid.ca.dn];

export async function makeVomsLab(directory: string): Promise<VomsLab> {
  const grid = await makeGrid(join(directory, 'grid'));
  // The C tools insist on a seed file in the home directory.
  writeFileSync(join(directory, '.rnd'), '');
  const vomsDirectory = join(directory, 'vomsdir');
  mkdirSync(join(vomsDirectory, 'testvo'), { recursive: true });
  writeFileSync(join(vomsDirectory, 'testvo', 'localhost.lsc'), `${lscLines(grid).join('\n')}\n`);
  const env = {
    PATH: process.env.PATH,
    LC_ALL: 'C',
    TZ: 'UTC',
    HOME: directory,
    X509_CERT_DIR: grid.trustDirectory,
    X509_VOMS_DIR: vomsDirectory,
    X509_USER_PROXY: join(directory, 'no-proxy'),
  };
  const [server, user, robot] = await Promise.all([grid.host, grid.user, grid.robot].map(readIdentity));
  if (server === undefined || user === undefined || robot === undefined)
    throw new Error('a lab without people');

  const proxy: VomsLab['proxy'] = async (name, below, more = {}) => {
    const keys = await generateKeyPair();
    const [issuer] = below.chain;
    if (issuer === undefined) throw new Error('a credential without a certificate');
    const signer = keySigner(below.privateKey);
    const certificate = await issueProxy({
      ...{ issuer, signer, publicKey: keys.publicKey, now: new Date(), lifetimeSeconds: 43_200 },
      ...more,
    });
    const path = join(directory, `${name}.pem`);
    const pem = formatCredential(makeCredential([certificate, ...below.chain], keys.privateKey));
    writeFileSync(path, pem.reveal(), { mode: 0o600 });
    return path;
  };
  return {
    ...{ grid, directory, vomsDirectory, env, server, user, robot, proxy },
    fake: async (name, ...options) => {
      const path = join(directory, `${name}.pem`);
      const args = [
        ...['-rfc', '-q', '-cert', grid.user.certificate, '-key', grid.user.key],
        ...['-certdir', grid.trustDirectory, '-hostcert', grid.host.certificate, '-hostkey', grid.host.key],
        ...['-voms', 'testvo', '-uri', 'localhost:15000', '-out', path, ...options],
      ];
      const run = await runProgram('voms-proxy-fake', args, { env });
      if (run.code !== 0) throw new Error(`voms-proxy-fake: ${run.stdout}${run.stderr}`);
      return path;
    },
    attributes: (more = {}) => {
      const [holder] = user.chain;
      if (holder === undefined) throw new Error('a user without a certificate');
      return issueAttributeCertificate({
        holder,
        issuer: server.chain,
        signer: keySigner(server.privateKey),
        vo: 'testvo',
        host: 'localhost',
        port: 15000,
        fqans: ['/testvo/Role=NULL/Capability=NULL', '/testvo/analysis/Role=production/Capability=NULL'],
        notBefore: new Date(),
        notAfter: new Date(Date.now() + 43_200_000),
        ...more,
      });
    },
    dressed: (name, certificates, below = user) =>
      proxy(name, below, { extensions: [attributeCertificatesExtension(certificates)] }),
  };
}
