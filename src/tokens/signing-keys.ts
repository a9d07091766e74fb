import { stat } from 'node:fs/promises';
import { LatchkeyError } from '../kit/index.ts';
import { readPublishedKey, readSigningKey, type SigningKeyFileOptions } from './key-file.ts';
import { thumbprint } from './key-id.ts';
import { keysOfRing, loadKeyRing } from './key-ring.ts';
import { makePublishedKey, type PublishedKey } from './published-key.ts';
import type { SigningKey } from './signing-key.ts';

/** The keys of an issuer over time. */
export interface SigningKeys {
  /** The one that signs at `now`. */
  signingKey(now: Date): SigningKey;
  /** All that verifiers must know at `now`: the one that signs, those that will and those that did. */
  published(now: Date): readonly PublishedKey[];
}

/** How keys are found. */
export interface SigningKeysOptions extends SigningKeyFileOptions {
  /** `kid` of a single key; default its thumbprint. The keys of a ring have their own. */
  readonly keyId?: string | undefined;
  /** A public key that must be the other half of a single private key. */
  readonly publicKeyFile?: string | undefined;
}

/**
 * Loads the keys of an issuer: one private key file as HTCondor has it, or the directory of a key ring.
 *
 * @throws LatchkeyError `tokens/key`, `file/unsafe`, `file/io`
 */
export async function loadSigningKeys(path: string, options: SigningKeysOptions = {}): Promise<SigningKeys> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) return keysOfRing(await loadKeyRing(path, options));
  const key = await readSigningKey(path, options);
  const own = makePublishedKey(key.privateKey, key.keyId);
  if (options.publicKeyFile !== undefined) {
    const given = await readPublishedKey(options.publicKeyFile, key.keyId);
    // Not KeyObject.equals: for two kinds of key Node 20 leaves an OpenSSL error behind, and the next key read fails with it.
    if (thumbprint(given.publicKey) !== thumbprint(own.publicKey)) {
      throw new LatchkeyError(
        'tokens/key',
        `"${options.publicKeyFile}" is not the public half of "${path}"`,
        {
          hint: 'verifiers would refuse every token; write it anew: openssl pkey -in PRIVATE -pubout',
        },
      );
    }
  }
  return { signingKey: () => key, published: () => [own] };
}
