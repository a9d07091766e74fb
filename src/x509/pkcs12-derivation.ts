import { createDecipheriv, createHash, createHmac } from 'node:crypto';
import { Cursor, type Element, readOctetString, readOid, readSmallInteger, TAG } from '../asn1/index.ts';
import { LatchkeyError, type Secret } from '../kit/index.ts';

/** What the key of a MAC is derived with. */
export interface Pkcs12Mac {
  /** Object identifier of the digest. */
  readonly algorithm: string;
  readonly salt: Buffer;
  readonly iterations: number;
  /** Bytes of the digest in the file. */
  readonly length: number;
}

const DIGESTS: Readonly<
  Record<string, { readonly name: string; readonly bytes: number; readonly block: number }>
> = {
  '1.3.14.3.2.26': { name: 'sha1', bytes: 20, block: 64 },
  '2.16.840.1.101.3.4.2.4': { name: 'sha224', bytes: 28, block: 64 },
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', bytes: 32, block: 64 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', bytes: 48, block: 128 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', bytes: 64, block: 128 },
};
const SHA1 = { name: 'sha1', bytes: 20, block: 64 };
const SCHEMES = '1.2.840.113549.1.12.1.';
const SHA1_AND_3DES = `${SCHEMES}3`;
/** A stranger chooses this number; each is a few microseconds in which nothing else is done. */
const MAX_ITERATIONS = 200_000;
const MAX_SALT_BYTES = 1_024;

const ID = { key: 1, iv: 2, mac: 3 } as const;

/** True for the encryption schemes that PKCS#12 brought along (RFC 7292 appendix C). */
export function isPkcs12Scheme(oid: string): boolean {
  return oid.startsWith(SCHEMES);
}

/** @returns undefined when the pass phrase is wrong @throws LatchkeyError `x509/algorithm-unsupported` for all but 3DES */
export function decryptPkcs12(algorithm: Element, sealed: Buffer, passPhrase: Secret): Buffer | undefined {
  const cursor = new Cursor(algorithm);
  const oid = readOid(cursor.take());
  if (oid !== SHA1_AND_3DES)
    throw unsupported(`the cipher ${oid}${oid === `${SCHEMES}6` ? ' (RC2, 40 bits)' : ''}`);
  const parameters = new Cursor(cursor.take(TAG.sequence));
  const salt = readOctetString(parameters.take());
  const iterations = readSmallInteger(parameters.take());
  const derived = (id: number, length: number) => derive(SHA1, { id, length, salt, iterations }, passPhrase);
  const key = derived(ID.key, 24);
  try {
    const decipher = createDecipheriv('des-ede3-cbc', key, derived(ID.iv, 8));
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch {
    return undefined;
  } finally {
    key.fill(0);
  }
}

/** The MAC that a file has when nobody changed it (RFC 7292 §4). */
export function pkcs12Mac(
  { algorithm, salt, iterations, length }: Pkcs12Mac,
  data: Buffer,
  passPhrase: Secret,
): Buffer {
  const digest = DIGESTS[algorithm];
  if (digest === undefined) throw unsupported(`an integrity check of type ${algorithm}`);
  if (length !== digest.bytes) throw unsupported(`a digest of ${length} bytes`);
  const key = derive(digest, { id: ID.mac, length: digest.bytes, salt, iterations }, passPhrase);
  return createHmac(digest.name, key).update(data).digest();
}

/** RFC 7292 appendix B.2. */
function derive(
  { name, bytes, block }: { readonly name: string; readonly bytes: number; readonly block: number },
  wanted: {
    readonly id: number;
    readonly length: number;
    readonly salt: Buffer;
    readonly iterations: number;
  },
  passPhrase: Secret,
): Buffer {
  const { id, length, salt, iterations } = wanted;
  if (iterations < 1 || iterations > MAX_ITERATIONS)
    throw unsupported(`${iterations} iterations (${MAX_ITERATIONS} are the most)`);
  if (salt.length > MAX_SALT_BYTES) throw unsupported(`a salt of ${salt.length} bytes`);
  // Big-endian UTF-16 with a zero at the end.
  const phrase = Buffer.from(`${passPhrase.reveal()}\0`, 'utf16le').swap16();
  const input = Buffer.concat([repeated(salt, block), repeated(phrase, block)]);
  const diversifier = Buffer.alloc(block, id);
  const blocks: Buffer[] = [];
  for (let size = 0; size < length; size += bytes) {
    let hash = createHash(name).update(diversifier).update(input).digest();
    for (let round = 1; round < iterations; round += 1) hash = createHash(name).update(hash).digest();
    blocks.push(hash);
    const addend = repeated(hash, block).subarray(0, block);
    for (let at = 0; at < input.length; at += block) addOne(input.subarray(at, at + block), addend);
  }
  phrase.fill(0);
  input.fill(0);
  return Buffer.concat(blocks).subarray(0, length);
}

function repeated(bytes: Buffer, block: number): Buffer {
  return Buffer.alloc(bytes.length === 0 ? 0 : block * Math.ceil(bytes.length / block), bytes);
}

/** target = target + addend + 1, as big-endian numbers of the length of a block. */
function addOne(target: Buffer, addend: Buffer): void {
  let carry = 1;
  for (let at = target.length - 1; at >= 0; at -= 1) {
    carry += (target[at] ?? 0) + (addend[at] ?? 0);
    target[at] = carry & 0xff;
    carry >>= 8;
  }
}

function unsupported(what: string): LatchkeyError {
  return new LatchkeyError('x509/algorithm-unsupported', `${what} is not known here`);
}
