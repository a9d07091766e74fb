import type { KeyObject } from 'node:crypto';
import type { Clock, Secret } from '../kit/index.ts';
import type { StoredCredential } from './credential.ts';

/** How a {@link KeyVault} spends time and memory. */
export interface KeyVaultOptions {
  /** Seconds a successful unlock is remembered; 0 = not at all. Default 300. */
  readonly rememberSeconds?: number;
  /** Unlocked keys remembered at most. Default 1,000. */
  readonly maxRemembered?: number;
  /** Key derivations running at once (16 MiB and one thread each). Default 2. */
  readonly concurrency?: number;
  readonly clock?: Clock;
}

type Sealed = Pick<StoredCredential, 'pem'>;

/** Opens and seals private keys under pass phrases. */
export class KeyVault {
  constructor(_options: KeyVaultOptions = {}) {}

  /** The key, if the pass phrase opens it; `undefined` = wrong. Never opens a key that is not encrypted. */
  unlock(_credential: Sealed, _passPhrase: Secret): Promise<KeyObject | undefined> {
    throw new Error('not there yet');
  }

  /** The key of a credential that is stored without pass phrase. @throws LatchkeyError `x509/pass-phrase-needed` */
  openClear(_credential: Sealed): Promise<KeyObject> {
    throw new Error('not there yet');
  }

  /** The PEM text to store: leaf, key sealed under the pass phrase (empty = in the clear), rest of the chain. `chainPem` is the certificates, leaf first. */
  seal(_chainPem: string, _key: KeyObject, _passPhrase: Secret): Promise<Secret> {
    throw new Error('not there yet');
  }

  /** The same credential with its key under a new pass phrase; `undefined` = the old one is wrong. */
  changePassPhrase(_credential: Sealed, _old: Secret, _new: Secret): Promise<Secret | undefined> {
    throw new Error('not there yet');
  }

  /** New PEM text for a credential whose key has an old seal (one round of MD5), `undefined` when there is nothing to do or the pass phrase is wrong. */
  resealIfOld(_credential: Sealed, _passPhrase: Secret): Promise<Secret | undefined> {
    throw new Error('not there yet');
  }

  /** Forgets every remembered key. */
  forget(): void {}
}

/** True when the private key in the text is encrypted. */
export function isEncrypted(_pem: Secret): boolean {
  throw new Error('not there yet');
}
