import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { LatchkeyError } from '../kit/index.ts';
import type { Digest } from './signature-algorithm.ts';

/** Whatever can sign: a key in memory, an HSM, an agent. All that Latchkey signs goes through it. */
export interface Signer {
  readonly publicKey: KeyObject;
  /** Signs `data` itself (not a hash of it): RSA PKCS #1 v1.5, ECDSA in DER, or Ed25519, which does not look at `digest`. */
  sign(data: Uint8Array, digest: Digest): Promise<Buffer>;
}

/**
 * A signer that uses a private key in memory, on Node's thread pool.
 *
 * @throws LatchkeyError `x509/algorithm-unsupported` unless the key is RSA, EC or Ed25519
 */
export function keySigner(privateKey: KeyObject): Signer {
  const type = privateKey.asymmetricKeyType;
  if (type !== 'rsa' && type !== 'ec' && type !== 'ed25519') {
    throw new LatchkeyError(
      'x509/algorithm-unsupported',
      `a key of type ${type ?? 'secret'} cannot sign here`,
    );
  }
  let publicKey: KeyObject | undefined;
  return {
    get publicKey(): KeyObject {
      publicKey ??= createPublicKey(privateKey);
      return publicKey;
    },
    sign: (data, digest) =>
      new Promise((resolve, reject) => {
        sign(type === 'ed25519' ? null : digest, data, privateKey, (error, signature) => {
          if (error) reject(error);
          else resolve(signature);
        });
      }),
  };
}
