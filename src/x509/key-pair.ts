import { generateKeyPair as generateOnThreadPool, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { LatchkeyError } from '../kit/index.ts';
import { generateRsaKeyPair } from './rsa-key-pair.ts';

/** A private key and its public half. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Which key to make; a curve is P-256 unless it says otherwise. */
export type KeyAlgorithm =
  | { readonly type: 'rsa'; readonly bits: number }
  | { readonly type: 'ec'; readonly curve?: 'P-256' | 'P-384' };

const MIN_RSA_BITS = 1024;
const MAX_RSA_BITS = 8192;

/**
 * Makes a key pair on Node's thread pool; RSA of 2048 bits unless told otherwise. A search that is under way when `signal`
 * is aborted goes on unseen until it finds its prime.
 *
 * @throws LatchkeyError `x509/algorithm-unsupported` for an RSA size that is not a multiple of 64 from 1024 to 8192;
 * the signal's reason when it is aborted
 */
export async function generateKeyPair(
  algorithm: KeyAlgorithm = { type: 'rsa', bits: 2048 },
  signal?: AbortSignal,
): Promise<KeyPair> {
  signal?.throwIfAborted();
  if (algorithm.type === 'ec') {
    return promisify(generateOnThreadPool)('ec', { namedCurve: algorithm.curve ?? 'P-256' });
  }
  const { bits } = algorithm;
  if (!(bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && bits % 64 === 0)) {
    throw new LatchkeyError(
      'x509/algorithm-unsupported',
      `an RSA key of ${bits} bits where a multiple of 64 from ${MIN_RSA_BITS} to ${MAX_RSA_BITS} is needed`,
      { hint: 'use 2048' },
    );
  }
  return untilAborted(generateRsaKeyPair(bits), signal);
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
