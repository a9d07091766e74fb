import {
  contextTag,
  encode,
  encodeBitString,
  encodeBoolean,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeTime,
} from '../asn1/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import type { Extension } from '../x509/index.ts';
import type { CertificateAuthority } from './authority.ts';
import { issuerKeyExtensions } from './profiles.ts';

/** One revoked certificate. */
export interface Revocation {
  readonly serialNumber: bigint;
  readonly date: Date;
}

/** What {@link createRevocationList} needs. */
export interface RevocationListOptions {
  readonly revoked: readonly Revocation[];
  readonly now: Date;
  /**
   * Days until the list must be replaced; default 365. C peers refuse every certificate of an authority whose list has
   * expired, and copies of a trust directory are seldom refreshed, so a short life would lock people out.
   */
  readonly lifetimeDays?: number;
}

/** Signs a certificate revocation list, version 2 (RFC 5280 §5); its number is the time in seconds. Resolves to DER. */
export async function createRevocationList(
  authority: CertificateAuthority,
  options: RevocationListOptions,
): Promise<Buffer> {
  const { revoked, now, lifetimeDays = 365 } = options;
  const algorithm = signatureAlgorithm(authority);
  const thisUpdate = new Date(
    Math.max(now.getTime() - 5 * 60_000, authority.certificate.notBefore.getTime()),
  );
  const entries = revoked.map(({ serialNumber, date }) =>
    encodeSequence(encodeInteger(serialNumber), encodeTime(date)),
  );
  const extensions = [...issuerKeyExtensions(authority.certificate), crlNumber(now)];
  const tbs = encodeSequence(
    encodeInteger(1),
    algorithm,
    authority.certificate.subject.der,
    encodeTime(thisUpdate),
    encodeTime(new Date(now.getTime() + lifetimeDays * 86_400_000)),
    // An empty list must be left out, not written empty (RFC 5280 §5.1.2.6).
    ...(entries.length > 0 ? [encodeSequence(...entries)] : []),
    encode(contextTag(0), encodeExtensions(extensions)),
  );
  const signature = await authority.signer.sign(tbs, 'sha256');
  return encodeSequence(tbs, algorithm, encodeBitString(signature));
}

/** AlgorithmIdentifier of a SHA-256 signature by the authority's key (RFC 4055 §5, RFC 5758 §3.2). */
function signatureAlgorithm(authority: CertificateAuthority): Buffer {
  const type = authority.signer.publicKey.asymmetricKeyType;
  if (type === 'rsa') return encodeSequence(encodeOid('1.2.840.113549.1.1.11'), encodeNull());
  if (type === 'ec') return encodeSequence(encodeOid('1.2.840.10045.4.3.2'));
  throw new LatchkeyError(
    'x509/algorithm-unsupported',
    `an authority's key is RSA or EC, not ${type ?? 'unknown'}`,
  );
}

/** RFC 5280 §5.2.3. */
function crlNumber(now: Date): Extension {
  const seconds = BigInt(Math.floor(now.getTime() / 1000));
  return { oid: '2.5.29.20', critical: false, value: encodeInteger(seconds) };
}

/** `Extensions` (RFC 5280 §4.1); `critical` is left out when false, as DER wants a default. */
function encodeExtensions(extensions: readonly Extension[]): Buffer {
  return encodeSequence(
    ...extensions.map(({ oid, critical, value }) =>
      encodeSequence(encodeOid(oid), ...(critical ? [encodeBoolean(true)] : []), encodeOctetString(value)),
    ),
  );
}
