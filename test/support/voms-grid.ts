import {
  type AttributeCertificate,
  type AttributeCertificateFields,
  attributeCertificatesExtension,
  issueAttributeCertificate,
  memoryVomsDirectory,
  type VomsDirectory,
} from '../../src/voms/index.ts';
import {
  basicConstraintsExtension,
  buildCertificate,
  type Certificate,
  type CertificateFields,
  type Extension,
  encodePublicKey,
  formatOneline,
  generateKeyPair,
  issueProxy,
  type KeyPair,
  keySigner,
  keyUsageExtension,
  memoryTrustStore,
  type ProxyFields,
  parseOneline,
  subjectKeyIdentifierExtension,
  type TrustStore,
} from '../../src/x509/index.ts';

/** A certificate, those above it without the root, and its keys. */
export interface Holder {
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly keys: KeyPair;
}

/** A throw-away grid in memory with a VOMS server in it; keys are EC, as nobody else reads them. */
export interface VomsGrid {
  readonly now: Date;
  readonly ca: Holder;
  readonly server: Holder;
  readonly user: Holder;
  readonly robot: Holder;
  readonly trust: TrustStore;
  /** Knows `server` for testvo by the LSC file `testvo/voms.example.org.lsc`. */
  readonly vomsDirectory: VomsDirectory;
  issue(dn: string, more?: Partial<CertificateFields>): Promise<Holder>;
  /** A proxy below a holder. */
  proxy(below: Holder, more?: Partial<ProxyFields>): Promise<Holder>;
  /** Attributes of `user` in testvo. */
  attributes(more?: Partial<AttributeCertificateFields>): Promise<AttributeCertificate>;
  /** The chain of a proxy of `user`, or of who is said, with these attributes. */
  dressed(certificates: readonly AttributeCertificate[], below?: Holder): Promise<readonly Certificate[]>;
}

const DAY_MS = 86_400_000;

export async function makeVomsGrid(now = new Date('2026-06-01T12:00:00Z')): Promise<VomsGrid> {
  const lifetime = {
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + 300 * DAY_MS),
  };
  const make = async (
    dn: string,
    by: Holder | undefined,
    extensions: readonly Extension[],
    more: Partial<CertificateFields>,
  ): Promise<Holder> => {
    const keys = await generateKeyPair({ type: 'ec' });
    const spki = encodePublicKey(keys.publicKey);
    const certificate = await buildCertificate({
      ...lifetime,
      subject: parseOneline(dn),
      issuer: by?.chain[0].subject ?? parseOneline(dn),
      serialNumber: BigInt(Math.floor(Math.random() * 2 ** 48) + 1),
      spki,
      extensions: [...extensions, subjectKeyIdentifierExtension(spki)],
      signer: keySigner(by?.keys.privateKey ?? keys.privateKey),
      ...more,
    });
    return { chain: [certificate], keys };
  };
  const caExtensions = [
    basicConstraintsExtension({ isCa: true }),
    keyUsageExtension(['keyCertSign', 'cRLSign']),
  ];
  const ca = await make('/O=Grid/CN=CA', undefined, caExtensions, {});
  const issue: VomsGrid['issue'] = (dn, more = {}) =>
    make(dn, ca, [keyUsageExtension(['digitalSignature', 'keyEncipherment'])], more);
  const [server, user, robot] = await Promise.all([
    issue('/O=Grid/CN=voms.example.org'),
    issue('/O=Grid/CN=Jane'),
    issue('/O=Grid/CN=Robot'),
  ]);
  const proxy: VomsGrid['proxy'] = async (below, more = {}) => {
    const keys = await generateKeyPair({ type: 'ec' });
    const [issuer] = below.chain;
    const signer = keySigner(below.keys.privateKey);
    const certificate = await issueProxy({ issuer, signer, publicKey: keys.publicKey, now, ...more });
    return { chain: [certificate, ...below.chain], keys };
  };
  return {
    now,
    ca,
    server,
    user,
    robot,
    trust: memoryTrustStore({
      authorities: ca.chain,
      signingPolicies: [{ authority: '/O=Grid/CN=CA', subjects: ['/O=Grid/*'] }],
    }),
    vomsDirectory: memoryVomsDirectory({
      lscFiles: { 'testvo/voms.example.org.lsc': lscOf(server) },
    }),
    issue,
    proxy,
    attributes: (more = {}) =>
      issueAttributeCertificate({
        holder: user.chain[0],
        issuer: server.chain,
        signer: keySigner(server.keys.privateKey),
        vo: 'testvo',
        host: 'voms.example.org',
        port: 15000,
        fqans: ['/testvo/Role=NULL/Capability=NULL', '/testvo/analysis/Role=production/Capability=NULL'],
        notBefore: now,
        notAfter: new Date(now.getTime() + DAY_MS / 2),
        ...more,
      }),
    dressed: async (certificates, below = user) =>
      (await proxy(below, { extensions: [attributeCertificatesExtension(certificates)] })).chain,
  };
}

/** The LSC file of a server. */
export function lscOf({ chain }: Holder): string {
  return chain.map(({ subject, issuer }) => `${formatOneline(subject)}\n${formatOneline(issuer)}\n`).join('');
}
