import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
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
  encodeSet,
  encodeTime,
  encodeUtf8String,
  formatPem,
} from '../../src/asn1/index.ts';

// Makes certificates and CRLs of any quality, the bad ones included, which a proper builder would refuse to make.

/** A pair of keys; some are made once for all tests, because RSA keys take long. */
export interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function rsaKeys(bits = 2048): Keys {
  return generateKeyPairSync('rsa', { modulusLength: bits });
}

export function ecKeys(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  C: '2.5.4.6',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  CN: '2.5.4.3',
  DC: '0.9.2342.19200300.100.1.25',
};

/** A name from `/O=Grid/CN=Jane`; `+` joins attributes of one RDN. All values are UTF8Strings. */
export function makeName(oneline: string): Buffer {
  const rdns = oneline
    .split(/\/(?=[A-Z]+=)/)
    .slice(1)
    .map((rdn) => encodeSet(...rdn.split('+').map(makeAttribute)));
  return encodeSequence(...rdns);
}

function makeAttribute(text: string): Buffer {
  const equals = text.indexOf('=');
  const oid = ATTRIBUTES[text.slice(0, equals)];
  if (oid === undefined) throw new TypeError(`no attribute ${text}`);
  return encodeSequence(encodeOid(oid), encodeUtf8String(text.slice(equals + 1)));
}

type MadeDigest = 'md5' | 'sha1' | 'sha256';

/** A certificate that was made, with what is needed to sign others with it. */
export interface Made {
  readonly dn: string;
  readonly subject: Buffer;
  readonly keys: Keys;
  readonly serial: number;
  readonly der: Buffer;
}

export interface CertificatePlan {
  readonly dn: string;
  readonly keys: Keys;
  /** Who signs; itself when absent. */
  readonly issuer?: Made;
  /** Issuer name when it is not the issuer's subject. */
  readonly issuerName?: Buffer;
  readonly subject?: Buffer;
  readonly serial?: number;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly extensions?: readonly Buffer[];
  readonly digest?: MadeDigest;
  /** Change the signature after signing. */
  readonly damaged?: boolean;
}

const HOUR = 3_600_000;
let nextSerial = 1000;

export function makeCertificate(plan: CertificatePlan): Made {
  const { dn, keys, issuer, extensions = [], digest = 'sha256' } = plan;
  const now = Date.now();
  const serial = plan.serial ?? nextSerial++;
  const subject = plan.subject ?? makeName(dn);
  const signer = issuer?.keys ?? keys;
  const tbs = encodeSequence(
    encode(contextTag(0), encodeInteger(2)),
    encodeInteger(serial),
    algorithm(signer, digest),
    plan.issuerName ?? issuer?.subject ?? subject,
    encodeSequence(
      encodeTime(plan.notBefore ?? new Date(now - HOUR)),
      encodeTime(plan.notAfter ?? new Date(now + 24 * HOUR)),
    ),
    subject,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [encode(contextTag(3), encodeSequence(...extensions))] : []),
  );
  return { dn, subject, keys, serial, der: signed(tbs, signer, digest, plan.damaged) };
}

export interface CrlPlan {
  readonly issuer: Made;
  readonly revoked?: readonly number[];
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  readonly signer?: Keys;
  readonly extensions?: readonly Buffer[];
}

export function makeCrl(plan: CrlPlan): Buffer {
  const signer = plan.signer ?? plan.issuer.keys;
  const now = Date.now();
  const revoked = (plan.revoked ?? []).map((serial) =>
    encodeSequence(encodeInteger(serial), encodeTime(new Date(now - HOUR))),
  );
  const tbs = encodeSequence(
    encodeInteger(1),
    algorithm(signer, 'sha256'),
    plan.issuer.subject,
    encodeTime(plan.thisUpdate ?? new Date(now - HOUR)),
    encodeTime(plan.nextUpdate ?? new Date(now + 24 * HOUR)),
    ...(revoked.length > 0 ? [encodeSequence(...revoked)] : []),
    encode(
      contextTag(0),
      encodeSequence(extension('2.5.29.20', false, encodeInteger(7)), ...(plan.extensions ?? [])),
    ),
  );
  return signed(tbs, signer, 'sha256');
}

const RSA_OIDS = {
  md5: '1.2.840.113549.1.1.4',
  sha1: '1.2.840.113549.1.1.5',
  sha256: '1.2.840.113549.1.1.11',
} as const;
const ECDSA_OIDS = { md5: '', sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2' } as const;

function algorithm(signer: Keys, digest: MadeDigest): Buffer {
  return signer.privateKey.asymmetricKeyType === 'ec'
    ? encodeSequence(encodeOid(ECDSA_OIDS[digest]))
    : encodeSequence(encodeOid(RSA_OIDS[digest]), encodeNull());
}

function signed(tbs: Buffer, signer: Keys, digest: MadeDigest, damaged = false): Buffer {
  const signature = sign(digest, tbs, signer.privateKey);
  if (damaged) signature[signature.length - 3] = (signature[signature.length - 3] ?? 0) ^ 1;
  return encodeSequence(tbs, algorithm(signer, digest), encodeBitString(signature));
}

// extensions

export function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return encodeSequence(encodeOid(oid), ...(critical ? [encodeBoolean(true)] : []), encodeOctetString(value));
}

export function basicConstraints(isCa: boolean, pathLength?: number): Buffer {
  const fields = [
    ...(isCa ? [encodeBoolean(true)] : []),
    ...(pathLength === undefined ? [] : [encodeInteger(pathLength)]),
  ];
  return extension('2.5.29.19', true, encodeSequence(...fields));
}

const USAGE_BITS = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const;

export function keyUsage(...usages: (typeof USAGE_BITS)[number][]): Buffer {
  const bits = usages.map((usage) => USAGE_BITS.indexOf(usage));
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return extension('2.5.29.15', true, encodeBitString(Buffer.from([byte]), 7 - Math.max(...bits)));
}

export function extendedKeyUsage(...oids: string[]): Buffer {
  return extension('2.5.29.37', false, encodeSequence(...oids.map((oid) => encodeOid(oid))));
}

export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

export function keyIdentifier(id: string): Buffer {
  return extension('2.5.29.14', false, encodeOctetString(Buffer.from(id)));
}

export function authorityIdentifier(id: string): Buffer {
  return extension('2.5.29.35', false, encodeSequence(encode(0x80, Buffer.from(id))));
}

export function subjectAltName(critical: boolean, ...names: Buffer[]): Buffer {
  return extension('2.5.29.17', critical, encodeSequence(...names));
}

export function dnsName(name: string): Buffer {
  return encode(0x82, Buffer.from(name, 'latin1'));
}

export const LANGUAGE = {
  inheritAll: '1.3.6.1.5.5.7.21.1',
  independent: '1.3.6.1.5.5.7.21.2',
  limited: '1.3.6.1.4.1.3536.1.1.1.9',
  unknown: '1.3.6.1.4.1.99999.1',
} as const;

export interface ProxyInfoPlan {
  readonly language?: string;
  readonly pathLength?: number;
  readonly policy?: string;
  readonly critical?: boolean;
  readonly draft?: boolean;
}

export function proxyInfo(plan: ProxyInfoPlan = {}): Buffer {
  const { language = LANGUAGE.inheritAll, pathLength, policy, critical = true, draft = false } = plan;
  const rights = encodeSequence(
    encodeOid(language),
    ...(policy === undefined ? [] : [encodeOctetString(Buffer.from(policy))]),
  );
  const length = pathLength === undefined ? [] : [encodeInteger(pathLength)];
  return draft
    ? extension(
        '1.3.6.1.4.1.3536.1.222',
        critical,
        encodeSequence(rights, ...length.map((value) => encode(contextTag(1), value))),
      )
    : extension('1.3.6.1.5.5.7.1.14', critical, encodeSequence(...length, rights));
}

export function pem(...certificates: readonly { readonly der: Buffer }[]): string {
  return certificates.map(({ der }) => formatPem('CERTIFICATE', der)).join('');
}
