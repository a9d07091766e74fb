import { constants, type KeyObject, verify } from 'node:crypto';
import {
  Cursor,
  contextTag,
  type Element,
  encodeNull,
  encodeOid,
  encodeSequence,
  readOid,
  readOnly,
  readSmallInteger,
  TAG,
} from '../asn1/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import { reading } from './reading.ts';

/** The message digests that signatures are made with. SHA-1 is verified where peers still use it, and made only on request. */
export type Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** What certificates, requests and CRLs have in common: bytes that were signed, how, and the signature. */
export interface Signed {
  /** The exact bytes that were signed. */
  readonly tbs: Buffer;
  /** The whole AlgorithmIdentifier, DER. */
  readonly signatureAlgorithmDer: Buffer;
  readonly signature: Buffer;
}

type Scheme =
  | { readonly type: 'rsa' | 'ecdsa'; readonly digest: Digest }
  | { readonly type: 'pss'; readonly digest: Digest; readonly saltLength: number }
  | { readonly type: 'ed25519' };

const PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';

const SCHEMES: Readonly<Record<string, Scheme>> = {
  '1.2.840.113549.1.1.5': { type: 'rsa', digest: 'sha1' },
  '1.2.840.113549.1.1.11': { type: 'rsa', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { type: 'rsa', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { type: 'rsa', digest: 'sha512' },
  '1.2.840.10045.4.1': { type: 'ecdsa', digest: 'sha1' },
  '1.2.840.10045.4.3.2': { type: 'ecdsa', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { type: 'ecdsa', digest: 'sha384' },
  '1.2.840.10045.4.3.4': { type: 'ecdsa', digest: 'sha512' },
  '1.3.101.112': { type: 'ed25519' },
};

const DIGESTS: Readonly<Record<string, Digest>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Key types (as Node names them) that a scheme verifies with. */
const KEY_TYPES: Readonly<Record<Scheme['type'], readonly string[]>> = {
  rsa: ['rsa'],
  pss: ['rsa', 'rsa-pss'],
  ecdsa: ['ec'],
  ed25519: ['ed25519'],
};

/** The scheme that keys of a type sign with here. */
const SCHEME_OF_KEY: Readonly<Record<string, Scheme['type']>> = {
  rsa: 'rsa',
  ec: 'ecdsa',
  ed25519: 'ed25519',
};

/**
 * True when `publicKey` made the signature: RSA PKCS #1 v1.5, RSA-PSS (RFC 4055), ECDSA (RFC 5758) or Ed25519 (RFC 8410).
 *
 * @throws LatchkeyError `x509/algorithm-unsupported` for MD5 and everything else that is not in this list
 */
export function verifySignature(signed: Signed, publicKey: KeyObject): boolean {
  const scheme = readScheme(signed.signatureAlgorithmDer);
  if (!KEY_TYPES[scheme.type].includes(publicKey.asymmetricKeyType ?? '')) return false;
  const key =
    scheme.type === 'pss'
      ? { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltLength }
      : { key: publicKey };
  try {
    return verify(scheme.type === 'ed25519' ? null : scheme.digest, signed.tbs, key, signed.signature);
  } catch {
    // OpenSSL throws instead of saying no where key and signature cannot belong together.
    return false;
  }
}

/** The digest inside the signature algorithm; undefined for Ed25519, which has none of its own, and for unknown algorithms. */
export function signatureDigest(signed: Signed): Digest | undefined {
  try {
    const scheme = readScheme(signed.signatureAlgorithmDer);
    return scheme.type === 'ed25519' ? undefined : scheme.digest;
  } catch (error) {
    if (error instanceof LatchkeyError) return undefined;
    throw error;
  }
}

/**
 * The AlgorithmIdentifier of the signatures a key makes: RSA PKCS #1 v1.5, ECDSA or Ed25519.
 *
 * @throws LatchkeyError `x509/algorithm-unsupported` for another type of key
 */
export function signatureAlgorithmFor(publicKey: KeyObject, digest: Digest): Buffer {
  const type = SCHEME_OF_KEY[publicKey.asymmetricKeyType ?? ''];
  for (const [oid, scheme] of Object.entries(SCHEMES)) {
    if (scheme.type !== type || ('digest' in scheme && scheme.digest !== digest)) continue;
    return type === 'rsa' ? encodeSequence(encodeOid(oid), encodeNull()) : encodeSequence(encodeOid(oid));
  }
  throw new LatchkeyError(
    'x509/algorithm-unsupported',
    `a key of type ${publicKey.asymmetricKeyType ?? 'secret'} where RSA, EC or Ed25519 is needed`,
  );
}

const known = new Map<string, Scheme>();

function readScheme(algorithm: Buffer): Scheme {
  const key = algorithm.toString('latin1');
  const found = known.get(key);
  if (found !== undefined) return found;
  const scheme = reading('signature algorithm', () => parseScheme(algorithm));
  if (known.size < 100) known.set(key, scheme);
  return scheme;
}

function parseScheme(algorithm: Buffer): Scheme {
  const cursor = new Cursor(readOnly(algorithm, TAG.sequence));
  const oid = readOid(cursor.take());
  const parameters = cursor.done ? undefined : cursor.take();
  cursor.end();
  if (oid === PSS && parameters !== undefined) return parsePss(parameters);
  const scheme = SCHEMES[oid];
  if (scheme === undefined) throw unsupported(`the signature algorithm ${oid}`);
  const isNull = parameters?.tag === TAG.null && parameters.contents.length === 0;
  if (parameters !== undefined && !(isNull && scheme.type === 'rsa')) {
    throw unsupported(`the signature algorithm ${oid} with parameters`);
  }
  return scheme;
}

/** RSASSA-PSS-params (RFC 4055 §3.1): all fields optional, SHA-1 and 20 bytes of salt by default. */
function parsePss(parameters: Element): Scheme {
  const cursor = new Cursor(parameters);
  const hash = cursor.takeIf(contextTag(0));
  const mask = cursor.takeIf(contextTag(1));
  const salt = cursor.takeIf(contextTag(2));
  const trailer = cursor.takeIf(contextTag(3));
  cursor.end();
  const digest = hash === undefined ? 'sha1' : readDigest(new Cursor(hash).take(TAG.sequence));
  const maskDigest = mask === undefined ? 'sha1' : readMask(new Cursor(mask).take(TAG.sequence));
  const saltLength = salt === undefined ? 20 : readSmallInteger(new Cursor(salt).take());
  const trailerField = trailer === undefined ? 1 : readSmallInteger(new Cursor(trailer).take());
  if (digest !== maskDigest) throw unsupported('RSA-PSS with two different digests');
  if (trailerField !== 1 || saltLength < 0 || saltLength > 512)
    throw unsupported('RSA-PSS with odd parameters');
  return { type: 'pss', digest, saltLength };
}

function readMask(algorithm: Element): Digest {
  const cursor = new Cursor(algorithm);
  const oid = readOid(cursor.take());
  if (oid !== MGF1) throw unsupported(`the mask generation function ${oid}`);
  return readDigest(cursor.take(TAG.sequence));
}

function readDigest(algorithm: Element): Digest {
  const oid = readOid(new Cursor(algorithm).take());
  const digest = DIGESTS[oid];
  if (digest === undefined) throw unsupported(`the digest ${oid}`);
  return digest;
}

function unsupported(what: string): LatchkeyError {
  return new LatchkeyError('x509/algorithm-unsupported', `${what} is not supported`);
}
