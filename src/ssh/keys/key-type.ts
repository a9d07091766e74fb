import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { keyMalformed, type WireReader, wirePositive, wireString } from './wire-reader.ts';

/** One kind of key: its fields on the wire (RFC 4253 §6.6, RFC 5656, RFC 8709, PROTOCOL.key), and what Node makes of them. */
export interface KeyType {
  readonly name: string;
  /** Reads the fields after the type name; `undefined` = ssh can use such a key, Node cannot. */
  readPublic(reader: WireReader): JsonWebKey | undefined;
  /** Reads the fields of the private section after the type name; gives the public blob that belongs to it too. */
  readPrivate(reader: WireReader): PrivateFields;
}

/** A private key as it stands in an OpenSSH file. */
interface PrivateFields {
  readonly jwk: JsonWebKey | undefined;
  /** The public key that the private section names. */
  readonly blob: Buffer;
}

const MAX_RSA_BYTES = 2048;

const rsa: KeyType = {
  name: 'ssh-rsa',
  readPublic(reader) {
    const e = reader.positive();
    return { kty: 'RSA', n: url(modulus(reader)), e: url(e) };
  },
  readPrivate(reader) {
    const n = modulus(reader);
    const [e, d, qi, p, q] = [0, 1, 2, 3, 4].map(() => reader.positive()) as [
      ...[Buffer, Buffer, Buffer],
      ...[Buffer, Buffer],
    ];
    const [dp, dq] = [p, q].map((prime) => remainder(d, prime)) as [Buffer, Buffer];
    const jwk = { kty: 'RSA', n: url(n), e: url(e), d: url(d), p: url(p), q: url(q) };
    return {
      jwk: { ...jwk, dp: url(dp), dq: url(dq), qi: url(qi) },
      blob: Buffer.concat([wireString('ssh-rsa'), wirePositive(e), wirePositive(n)]),
    };
  },
};

function ecdsa(curve: string, crv: string, size: number): KeyType {
  const name = `ecdsa-sha2-${curve}`;
  const readPoint = (reader: WireReader) => {
    if (reader.text() !== curve) throw keyMalformed(`an ${name} key on another curve`);
    const point = reader.string();
    if (point.length !== 2 * size + 1 || point[0] !== 4) throw keyMalformed(`an ${name} key without a point`);
    return point;
  };
  const publicJwk = (point: Buffer) => ({
    ...{ kty: 'EC', crv },
    x: url(point.subarray(1, size + 1)),
    y: url(point.subarray(size + 1)),
  });
  return {
    name,
    readPublic: (reader) => publicJwk(readPoint(reader)),
    readPrivate: (reader) => {
      const point = readPoint(reader);
      const d = reader.positive();
      if (d.length > size) throw keyMalformed(`an ${name} key with a number that is too large`);
      const padded = Buffer.concat([Buffer.alloc(size - d.length), d]);
      return {
        jwk: { ...publicJwk(point), d: url(padded) },
        blob: Buffer.concat([wireString(name), wireString(curve), wireString(point)]),
      };
    },
  };
}

const ed25519: KeyType = {
  name: 'ssh-ed25519',
  readPublic: (reader) => ({ kty: 'OKP', crv: 'Ed25519', x: url(sized(reader.string(), 32)) }),
  readPrivate: (reader) => {
    const x = sized(reader.string(), 32);
    const both = sized(reader.string(), 64);
    if (!both.subarray(32).equals(x))
      throw keyMalformed('an ssh-ed25519 key whose halves do not belong together');
    return {
      jwk: { kty: 'OKP', crv: 'Ed25519', x: url(x), d: url(both.subarray(0, 32)) },
      blob: Buffer.concat([wireString('ssh-ed25519'), wireString(x)]),
    };
  },
};

/** Keys that only ssh itself uses: the fields are walked over, so that what follows them is found. */
function foreign(name: string, publicFields: number, privateRest: (reader: WireReader) => void): KeyType {
  const readFields = (reader: WireReader) => Array.from({ length: publicFields }, () => reader.string());
  return {
    name,
    readPublic: (reader) => void readFields(reader),
    readPrivate: (reader) => {
      const blob = Buffer.concat([wireString(name), ...readFields(reader).map((field) => wireString(field))]);
      privateRest(reader);
      return { jwk: undefined, blob };
    },
  };
}

function securityKey(reader: WireReader): void {
  reader.take(1);
  reader.string();
  reader.string();
}

const TYPES: readonly KeyType[] = [
  rsa,
  ecdsa('nistp256', 'P-256', 32),
  ecdsa('nistp384', 'P-384', 48),
  ecdsa('nistp521', 'P-521', 66),
  ed25519,
  foreign('ssh-dss', 4, (reader) => reader.string()),
  foreign('sk-ssh-ed25519@openssh.com', 2, securityKey),
  foreign('sk-ecdsa-sha2-nistp256@openssh.com', 3, securityKey),
];

export function keyTypeOf(name: string): KeyType | undefined {
  return TYPES.find((type) => type.name === name);
}

export function publicKeyOf(jwk: JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw keyMalformed('a public key that OpenSSL does not accept', cause);
  }
}

export function privateKeyOf(jwk: JsonWebKey): KeyObject {
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw keyMalformed('a private key that OpenSSL does not accept', cause);
  }
}

/** A public key as ssh writes it; `undefined` for kinds that ssh does not have. */
export function blobOf(key: KeyObject): Buffer | undefined {
  const jwk =
    key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ec' || isEd25519(key)
      ? key.export({ format: 'jwk' })
      : {};
  const field = (text = '') => Buffer.from(text, 'base64url');
  if (jwk.kty === 'RSA') {
    return Buffer.concat([wireString('ssh-rsa'), wirePositive(field(jwk.e)), wirePositive(field(jwk.n))]);
  }
  if (jwk.kty === 'OKP') return Buffer.concat([wireString('ssh-ed25519'), wireString(field(jwk.x))]);
  const curve = CURVES[jwk.crv ?? ''];
  if (curve === undefined) return undefined;
  const point = Buffer.concat([Buffer.of(4), field(jwk.x), field(jwk.y)]);
  return Buffer.concat([wireString(`ecdsa-sha2-${curve}`), wireString(curve), wireString(point)]);
}

const CURVES: Readonly<Record<string, string>> = {
  'P-256': 'nistp256',
  'P-384': 'nistp384',
  'P-521': 'nistp521',
};

function isEd25519(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ed25519';
}

function modulus(reader: WireReader): Buffer {
  const n = reader.positive();
  if (n.length > MAX_RSA_BYTES) throw keyMalformed(`an RSA key of ${8 * n.length} bits`);
  return n;
}

function sized(bytes: Buffer, length: number): Buffer {
  if (bytes.length !== length)
    throw keyMalformed(`a key with a field of ${bytes.length} bytes instead of ${length}`);
  return bytes;
}

function remainder(d: Buffer, prime: Buffer): Buffer {
  const divisor = BigInt(`0x${prime.toString('hex')}`) - 1n;
  if (divisor <= 0n) throw keyMalformed('an RSA key with a factor that is no prime');
  const hex = (BigInt(`0x${d.toString('hex')}`) % divisor).toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

function url(bytes: Buffer): string {
  return bytes.toString('base64url');
}
