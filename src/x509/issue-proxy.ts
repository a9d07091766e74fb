import { createHash, type KeyObject } from 'node:crypto';
import { LatchkeyError } from '../kit/index.ts';
import { basicConstraints } from './basic-constraints.ts';
import type { Certificate } from './certificate.ts';
import { buildCertificate } from './certificate-builder.ts';
import { describeProxy } from './describe-proxy.ts';
import { EXTENDED_KEY_USAGE } from './extended-key-usage.ts';
import { type Extension, findExtension } from './extension.ts';
import { keyUsage, keyUsageExtension } from './key-usage.ts';
import { appendCommonName } from './name.ts';
import { formatOneline } from './name-oneline.ts';
import { KEY_BITS, measureKey } from './path-keys.ts';
import { proxyCertInfoExtension } from './proxy-cert-info.ts';
import type { ProxyType } from './proxy-type.ts';
import { encodePublicKey } from './public-key.ts';
import { type Digest, signatureDigest } from './signature-algorithm.ts';
import type { Signer } from './signer.ts';

/** What {@link issueProxy} makes a proxy from. */
export interface ProxyFields {
  /** The certificate that signs: an end entity's or a proxy. */
  readonly issuer: Certificate;
  /** Of the issuer's key. */
  readonly signer: Signer;
  /** The key that the proxy is for. */
  readonly publicKey: KeyObject;
  /** Default: what the issuer is, an RFC 3820 impersonation proxy below an end entity. */
  readonly type?: ProxyType;
  /** The proxy shall be limited whatever `type` says. Default false. */
  readonly limited?: boolean;
  /** Seconds from `now`; default and 0: as long as the issuer. Never longer than that. */
  readonly lifetimeSeconds?: number;
  readonly now: Date;
  /** Further extensions, put at the end. */
  readonly extensions?: readonly Extension[];
}

/** Peers' clocks may be this much behind ours. */
const CLOCK_SKEW_MS = 300_000;

/**
 * Makes a proxy certificate as the C tools do, byte for byte but for the signature. Below a proxy the kind is the issuer's,
 * whatever `type` says, and rights never grow: limited stays limited, independent and restricted stay what they are.
 *
 * Serial number and last CN of RFC 3820 and draft proxies come from the first 31 bits of the key's SHA-1; extendedKeyUsage is copied,
 * keyUsage too but for nonRepudiation and keyCertSign; it begins five minutes before `now`, and is signed with the digest that
 * the issuer's own signature has, SHA-256 at least.
 *
 * @throws LatchkeyError `proxy/not-allowed` when the issuer may not sign such a proxy, `proxy/expired` when it has ended,
 * `x509/key-mismatch` when the signer's key is not the issuer's
 */
export async function issueProxy(fields: ProxyFields): Promise<Certificate> {
  const { issuer, signer, publicKey, now, lifetimeSeconds = 0, extensions = [] } = fields;
  checkIssuer(issuer, signer, now);
  checkKey(publicKey);
  const type = decideType(issuer, fields.type, fields.limited ?? false);
  const spki = encodePublicKey(publicKey);
  const isLegacy = type.kind === 'legacy';
  const number = keyNumber(spki);
  const legacyName = type.rights === 'limited' ? 'limited proxy' : 'proxy';
  const end = issuer.notAfter.getTime();
  return buildCertificate({
    subject: appendCommonName(issuer.subject, isLegacy ? legacyName : String(number)),
    issuer: issuer.subject,
    serialNumber: isLegacy ? issuer.serialNumber : BigInt(number),
    notBefore: new Date(now.getTime() - CLOCK_SKEW_MS),
    notAfter: new Date(lifetimeSeconds > 0 ? Math.min(now.getTime() + lifetimeSeconds * 1000, end) : end),
    spki,
    extensions: [
      ...inheritedUsages(issuer),
      ...(isLegacy ? [] : [proxyCertInfoExtension(type)]),
      ...extensions,
    ],
    signer,
    digest: proxyDigest(issuer),
  });
}

function checkIssuer(issuer: Certificate, signer: Signer, now: Date): void {
  if (basicConstraints(issuer)?.isCa === true) throw notAllowed(issuer, 'is a CA, and those sign no proxies');
  if (keyUsage(issuer)?.has('digitalSignature') === false) {
    throw notAllowed(issuer, 'has a keyUsage without digitalSignature, so that no proxy of it is valid');
  }
  if (now >= issuer.notAfter) {
    throw new LatchkeyError(
      'proxy/expired',
      `the certificate of "${formatOneline(issuer.subject)}" expired at ${issuer.notAfter.toISOString()}`,
      { hint: 'a proxy cannot outlive its issuer: renew the certificate first' },
    );
  }
  if (!signer.publicKey.equals(issuer.publicKey)) {
    throw new LatchkeyError(
      'x509/key-mismatch',
      'the signing key does not belong to the issuing certificate',
    );
  }
}

function checkKey(publicKey: KeyObject): void {
  const { type, bits } = measureKey(publicKey);
  const least = type === 'other' ? 0 : KEY_BITS[type][0];
  if (bits < least) {
    throw new LatchkeyError(
      'proxy/not-allowed',
      `an ${type.toUpperCase()} key of ${bits} bits where ${least} are the least`,
    );
  }
}

/** The type that a proxy below `issuer` gets when `wanted` is asked for. */
function decideType(issuer: Certificate, wanted: ProxyType | undefined, limited: boolean): ProxyType {
  const signing = describeProxy(issuer);
  if (signing?.pathLength === 0) throw notAllowed(issuer, 'allows no further proxy (path length 0)');
  const kind = signing?.kind ?? wanted?.kind ?? 'rfc3820';
  const asked: ProxyType = { ...(wanted ?? { rights: 'impersonation' }), kind };
  const isPlain = asked.rights === 'impersonation' || asked.rights === 'limited';
  if (kind === 'legacy' && !isPlain)
    throw notAllowed(issuer, `would need a legacy proxy that is ${asked.rights}`);

  switch (signing?.rights) {
    case 'restricted':
      // Its policy holds for everything below it: handed on, since the C tools leave it out of what they sign.
      if (limited || asked.rights !== 'impersonation') {
        throw notAllowed(issuer, 'is a restricted proxy, which hands on its own policy and nothing else');
      }
      return withLength({ ...signing }, asked);
    case 'limited':
      if (!isPlain) throw notAllowed(issuer, `is limited, and a proxy below it cannot be ${asked.rights}`);
      return withLength({ kind, rights: 'limited' }, asked);
    case 'independent':
      if (limited || asked.rights === 'limited') return withLength({ kind, rights: 'limited' }, asked);
      return asked.rights === 'impersonation' ? withLength({ kind, rights: 'independent' }, asked) : asked;
    default:
      return limited ? withLength({ kind, rights: 'limited' }, asked) : asked;
  }
}

function withLength({ pathLength: _, ...type }: ProxyType, { pathLength }: ProxyType): ProxyType {
  return pathLength === undefined ? type : { ...type, pathLength };
}

/** The first four bytes of the key's SHA-1, little-endian, the top one shifted right: 31 bits. */
function keyNumber(spki: Buffer): number {
  const [a = 0, b = 0, c = 0, d = 0] = createHash('sha1').update(spki).digest();
  return a + (b << 8) + (c << 16) + ((d >> 1) << 24);
}

/** In the order the C tools put them. */
function inheritedUsages(issuer: Certificate): Extension[] {
  const purposes = findExtension(issuer, EXTENDED_KEY_USAGE);
  const usages = keyUsage(issuer);
  const kept = [...(usages ?? [])].filter((usage) => usage !== 'nonRepudiation' && usage !== 'keyCertSign');
  return [
    ...(purposes === undefined ? [] : [purposes]),
    ...(usages === undefined ? [] : [keyUsageExtension(kept)]),
  ];
}

function proxyDigest(issuer: Certificate): Digest {
  const digest = signatureDigest(issuer);
  return digest === undefined || digest === 'sha1' ? 'sha256' : digest;
}

function notAllowed(issuer: Certificate, problem: string): LatchkeyError {
  return new LatchkeyError(
    'proxy/not-allowed',
    `the certificate of "${formatOneline(issuer.subject)}" ${problem}`,
  );
}
