import { createCipheriv, createDecipheriv, pbkdf2, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import {
  Cursor,
  type Element,
  encodeInteger,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  readOctetString,
  readOid,
  readOnly,
  readSmallInteger,
  TAG,
} from '../asn1/index.ts';
import { LatchkeyError, type Secret } from '../kit/index.ts';
import { malformed } from './reading.ts';

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';
const AES_256_CBC = '2.16.840.1.101.3.4.1.42';

const CIPHERS: Readonly<
  Record<string, { readonly name: string; readonly keyBytes: number; readonly ivBytes: number }>
> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16, ivBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24, ivBytes: 16 },
  [AES_256_CBC]: { name: 'aes-256-cbc', keyBytes: 32, ivBytes: 16 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: 8 },
};

const HMACS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

/**
 * What opening a key may cost: a stranger chooses these numbers. PBKDF2: about a second; scrypt: 64 MiB and eight times
 * the work of our own sealing.
 */
const MAX_ITERATIONS = 2_000_000;
const MAX_SCRYPT_MEMORY = 64 << 20;
const MAX_SCRYPT_WORK = 1 << 20;
const MAX_SALT_BYTES = 1024;

/** N, r and p of our own sealing: more would pass the 32 MiB at which OpenSSL refuses to open it. */
const SEALING = { N: 16384, r: 8, p: 1 } as const;

/**
 * Decrypts an EncryptedPrivateKeyInfo (RFC 5958 §3) of PBES2 (RFC 8018 §6.2) with PBKDF2 or scrypt (RFC 7914 §7), on Node's
 * thread pool.
 *
 * @returns the PrivateKeyInfo; undefined when the pass phrase is wrong; by chance a wrong one yields garbage once in 256 times
 * @throws LatchkeyError `asn1/malformed`, `x509/malformed`, `x509/algorithm-unsupported` (also for costs beyond 2 million iterations
 * or 64 MiB)
 */
export async function decryptPbes2(der: Buffer, passPhrase: Secret): Promise<Buffer | undefined> {
  const outer = new Cursor(readOnly(der, TAG.sequence));
  const algorithm = new Cursor(outer.take(TAG.sequence));
  const encrypted = readOctetString(outer.take());
  outer.end();
  const scheme = readOid(algorithm.take());
  if (scheme !== PBES2) throw unsupported(`the encryption scheme ${scheme}`);
  const parameters = new Cursor(algorithm.take(TAG.sequence));
  const derivation = parameters.take(TAG.sequence);
  const { cipher, iv } = readCipher(parameters.take(TAG.sequence));
  const key = await deriveKey(derivation, cipher.keyBytes, passPhrase);
  try {
    const decipher = createDecipheriv(cipher.name, key, iv);
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch {
    return undefined;
  } finally {
    key.fill(0);
  }
}

/** Encrypts a PrivateKeyInfo with PBES2, scrypt (N = 16384, r = 8, p = 1) and AES-256-CBC, on Node's thread pool. */
export async function encryptPbes2(privateKeyInfo: Buffer, passPhrase: Secret): Promise<Buffer> {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const { N, r, p } = SEALING;
  const key = await deriveScrypt(passPhrase, salt, 32, N, r, p);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(privateKeyInfo), cipher.final()]);
  key.fill(0);
  const derivation = encodeSequence(
    encodeOid(SCRYPT),
    encodeSequence(encodeOctetString(salt), encodeInteger(N), encodeInteger(r), encodeInteger(p)),
  );
  const encryption = encodeSequence(encodeOid(AES_256_CBC), encodeOctetString(iv));
  return encodeSequence(
    encodeSequence(encodeOid(PBES2), encodeSequence(derivation, encryption)),
    encodeOctetString(encrypted),
  );
}

function readCipher(element: Element): { cipher: { name: string; keyBytes: number }; iv: Buffer } {
  const cursor = new Cursor(element);
  const oid = readOid(cursor.take());
  const cipher = CIPHERS[oid];
  if (cipher === undefined) throw unsupported(`the cipher ${oid}`);
  const iv = readOctetString(cursor.take());
  if (iv.length !== cipher.ivBytes) throw malformed('encrypted key', `an IV of ${iv.length} bytes`);
  return { cipher, iv };
}

function deriveKey(element: Element, keyBytes: number, passPhrase: Secret): Promise<Buffer> {
  const cursor = new Cursor(element);
  const oid = readOid(cursor.take());
  const parameters = new Cursor(cursor.take(TAG.sequence));
  const derive = { [PBKDF2]: derivePbkdf2, [SCRYPT]: readScrypt }[oid];
  if (derive === undefined) throw unsupported(`the key derivation ${oid}`);
  const salt = readOctetString(parameters.take());
  if (salt.length > MAX_SALT_BYTES) throw malformed('encrypted key', `a salt of ${salt.length} bytes`);
  return derive(parameters, salt, keyBytes, passPhrase);
}

function derivePbkdf2(
  parameters: Cursor,
  salt: Buffer,
  keyBytes: number,
  passPhrase: Secret,
): Promise<Buffer> {
  const iterations = readSmallInteger(parameters.take());
  const length = parameters.takeIf(TAG.integer);
  checkLength(length, keyBytes);
  const prf = parameters.takeIf(TAG.sequence);
  const oid = prf === undefined ? '1.2.840.113549.2.7' : readOid(new Cursor(prf).take());
  const digest = HMACS[oid];
  if (digest === undefined) throw unsupported(`the pseudo-random function ${oid}`);
  if (iterations < 1 || iterations > MAX_ITERATIONS) {
    throw unsupported(`a PBKDF2 of ${iterations} iterations (${MAX_ITERATIONS} are the most)`);
  }
  return promisify(pbkdf2)(passPhrase.reveal(), salt, iterations, keyBytes, digest);
}

function readScrypt(parameters: Cursor, salt: Buffer, keyBytes: number, passPhrase: Secret): Promise<Buffer> {
  const N = readSmallInteger(parameters.take());
  const r = readSmallInteger(parameters.take());
  const p = readSmallInteger(parameters.take());
  checkLength(parameters.takeIf(TAG.integer), keyBytes);
  const isPowerOfTwo = N > 1 && Number.isInteger(Math.log2(N));
  if (!isPowerOfTwo || r < 1 || p < 1)
    throw malformed('encrypted key', 'scrypt parameters that mean nothing');
  if (128 * N * r > MAX_SCRYPT_MEMORY || N * r * p > MAX_SCRYPT_WORK) {
    throw unsupported(`a scrypt of N=${N}, r=${r}, p=${p}: it costs too much`);
  }
  return deriveScrypt(passPhrase, salt, keyBytes, N, r, p);
}

function checkLength(field: Element | undefined, keyBytes: number): void {
  if (field !== undefined && readSmallInteger(field) !== keyBytes) {
    throw malformed('encrypted key', 'a key length that is not the cipher’s');
  }
}

function deriveScrypt(
  passPhrase: Secret,
  salt: Buffer,
  length: number,
  N: number,
  r: number,
  p: number,
): Promise<Buffer> {
  const maxmem = 128 * N * r + 128 * r * p + (1 << 20);
  return new Promise((resolve, reject) => {
    scrypt(passPhrase.reveal(), salt, length, { N, r, p, maxmem }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function unsupported(what: string): LatchkeyError {
  return new LatchkeyError(
    'x509/algorithm-unsupported',
    `a private key encrypted with ${what} is not opened here`,
    {
      hint: 're-encrypt it: openssl pkcs8 -topk8 -scrypt -in old.pem -out new.pem',
    },
  );
}
