import { createPrivateKey, type KeyObject, webcrypto } from 'node:crypto';
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type CryptoKey,
  None,
  PrivateKeyJwt,
} from 'oauth4webapi';
import { LatchkeyError } from '../kit/index.ts';
import type { ClientAuthentication } from './client.ts';

/**
 * How a request proves who asks (RFC 6749 §2.3, RFC 7523).
 *
 * @throws LatchkeyError `oauth/config` for an empty secret, or a key that cannot be read or has no usable kind
 */
export async function clientAuthentication(authentication: ClientAuthentication): Promise<ClientAuth> {
  switch (authentication.method) {
    case 'none':
      return None();
    case 'private_key_jwt': {
      const key = await importKey(authentication.key.revealText());
      return PrivateKeyJwt(authentication.keyId === undefined ? key : { key, kid: authentication.keyId });
    }
    default: {
      const secret = authentication.secret.revealText();
      if (secret === '') {
        throw new LatchkeyError('oauth/config', 'expected a client secret, got an empty one', {
          hint: 'write the secret into the client secret file, or register a public client (method none)',
        });
      }
      return authentication.method === 'client_secret_basic'
        ? ClientSecretBasic(secret)
        : ClientSecretPost(secret);
    }
  }
}

type Algorithm = Parameters<typeof webcrypto.subtle.importKey>[2];

function algorithmOf(key: KeyObject): Algorithm | undefined {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
    case 'ed25519':
      return { name: 'Ed25519' };
    case 'ec': {
      const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
      return curve === undefined ? undefined : { name: 'ECDSA', namedCurve: curve };
    }
    default:
      return undefined;
  }
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

async function importKey(pem: string): Promise<CryptoKey> {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new LatchkeyError('oauth/config', "expected a PEM private key for the client's assertions", {
      hint: 'a key without pass phrase: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256',
    });
  }
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) {
    throw new LatchkeyError('oauth/config', `cannot sign assertions with a ${key.asymmetricKeyType} key`, {
      hint: 'use RSA, EC (P-256, P-384, P-521) or Ed25519',
    });
  }
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  return (await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])) as CryptoKey;
}
