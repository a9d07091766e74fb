import { createPrivateKey, createPublicKey, generatePrime, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { encodeInteger, encodeSequence } from '../asn1/index.ts';
import type { KeyPair } from './key-pair.ts';

const EXPONENT = 65537n;

/**
 * Makes an RSA key from two primes that OpenSSL searches for side by side, each on a thread of its own.
 *
 * Node's own RSA generation looks for one prime after the other, in a way several times slower; it is what a
 * client waits for longest. The rules are those of FIPS 186-4 §B.3.3: random primes of half the size with both top bits set
 * (so that the product has the full size), further apart than 2^(size/2 - 100), p-1 and q-1 prime to e, d above 2^(size/2);
 * and a first signature is verified before the key is handed out.
 */
export async function generateRsaKeyPair(bits: number): Promise<KeyPair> {
  const half = bits / 2;
  for (;;) {
    const [p, q] = await Promise.all([searchPrime(half), searchPrime(half)]);
    const distance = p > q ? p - q : q - p;
    if (distance >> BigInt(half - 100) === 0n) continue;
    const der = p > q ? encodePrivateKey(p, q, half) : encodePrivateKey(q, p, half);
    if (der === undefined) continue;
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs1' });
    der.fill(0);
    const publicKey = createPublicKey(privateKey);
    await checkPair(privateKey, publicKey);
    return { privateKey, publicKey };
  }
}

/** A random prime of `bits` bits, the top two of them set, and one more than no multiple of e. */
async function searchPrime(bits: number): Promise<bigint> {
  for (;;) {
    const prime = await promisify<number, { bigint: true }, bigint>(generatePrime)(bits, { bigint: true });
    if (prime % EXPONENT !== 1n && prime >> BigInt(bits - 2) === 3n) return prime;
  }
}

/** RSAPrivateKey (RFC 8017 §A.1.2); undefined in the unheard-of case that d is too small. */
function encodePrivateKey(p: bigint, q: bigint, half: number): Buffer | undefined {
  const lambda = ((p - 1n) / gcd(p - 1n, q - 1n)) * (q - 1n);
  const d = inverse(EXPONENT, lambda);
  if (d >> BigInt(half) === 0n) return undefined;
  const numbers = [0n, p * q, EXPONENT, d, p, q, d % (p - 1n), d % (q - 1n), inverse(q, p)];
  return encodeSequence(...numbers.map(encodeInteger));
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

/** The inverse of a modulo m, by Euclid's extended algorithm. */
function inverse(a: bigint, m: bigint): bigint {
  let [r, nextR, t, nextT] = [m, a % m, 0n, 1n];
  while (nextR !== 0n) {
    const quotient = r / nextR;
    [r, nextR] = [nextR, r - quotient * nextR];
    [t, nextT] = [nextT, t - quotient * nextT];
  }
  return t < 0n ? t + m : t;
}

async function checkPair(privateKey: KeyObject, publicKey: KeyObject): Promise<void> {
  const data = Buffer.from('pairwise consistency');
  const signature = await promisify<string, Buffer, KeyObject, Buffer>(sign)('sha256', data, privateKey);
  if (!verify('sha256', data, publicKey, signature))
    throw new Error('a new RSA key does not verify its own signature');
}
