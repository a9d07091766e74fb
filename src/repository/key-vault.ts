import type { KeyObject } from 'node:crypto';
import { formatPem, parsePem } from '../asn1/index.ts';
import { type Clock, isLatchkeyError, LatchkeyError, Secret, systemClock } from '../kit/index.ts';
import { isEncryptedKey, openPrivateKey, sealPrivateKey } from '../x509/index.ts';
import type { StoredCredential } from './credential.ts';
import { MIN_PASS_PHRASE_BYTES } from './pass-phrase-policy.ts';
import { Semaphore } from './semaphore.ts';
import { UnlockMemory } from './unlock-memory.ts';

/** How a {@link KeyVault} spends time and memory. */
export interface KeyVaultOptions {
  /** Seconds a successful unlock is remembered; 0 = not at all. Default 300. */
  readonly rememberSeconds?: number;
  /** Unlocked keys remembered at most. Default 1,000. */
  readonly maxRemembered?: number;
  /** Key derivations running at once: each takes 16 MiB and one of Node's four pool threads. Default 2. */
  readonly concurrency?: number;
  /** Key derivations waiting at most. Default 1,000. */
  readonly maxWaiting?: number;
  readonly clock?: Clock;
}

/** What {@link KeyVault.unlock} may be told. */
export interface UnlockOptions {
  /**
   * Asked when the turn of this pass phrase has come; false = give up. So a throttle counts the wrong ones that were
   * tried while this one waited, but for at most `concurrency` of them.
   */
  readonly admit?: (() => boolean) | undefined;
}

/** The part of a credential that a vault looks at. */
type Sealed = Pick<StoredCredential, 'pem'>;

/** Opens and seals private keys under pass phrases, away from the event loop, and remembers what it opened. */
export class KeyVault {
  readonly #memory: UnlockMemory;
  readonly #turns: Semaphore;
  readonly #maxWaiting: number;
  readonly #underWay = new Map<string, Promise<KeyObject | undefined>>();

  constructor(options: KeyVaultOptions = {}) {
    const { rememberSeconds = 300, maxRemembered = 1000, clock = systemClock } = options;
    this.#memory = new UnlockMemory(maxRemembered, rememberSeconds * 1000, clock);
    this.#turns = new Semaphore(options.concurrency ?? 2);
    this.#maxWaiting = options.maxWaiting ?? 1000;
  }

  /**
   * The key, if the pass phrase opens it; `undefined` = wrong. A key that is not encrypted is opened by no pass
   * phrase: that would prove nothing. Pass phrases of less than 6 bytes are wrong without being tried.
   *
   * @throws LatchkeyError `x509/key-malformed`, `x509/algorithm-unsupported`; `repository/throttled` when too many
   * wait, or `admit` says no
   */
  async unlock(
    credential: Sealed,
    passPhrase: Secret,
    options: UnlockOptions = {},
  ): Promise<KeyObject | undefined> {
    if (passPhrase.length < MIN_PASS_PHRASE_BYTES || !isEncrypted(credential.pem)) return undefined;
    const token = this.#memory.token(credential.pem, passPhrase);
    const known = this.#memory.recall(token);
    if (known !== undefined) return known;
    // Cron jobs come in crowds: the same question is answered once.
    const underWay = this.#underWay.get(token);
    if (underWay !== undefined) return underWay;
    const attempt = this.#try(credential, passPhrase, options.admit);
    this.#underWay.set(token, attempt);
    try {
      const key = await attempt;
      if (key !== undefined) this.#memory.remember(token, key);
      return key;
    } finally {
      this.#underWay.delete(token);
    }
  }

  /**
   * The key of a credential that is stored without pass phrase.
   *
   * @throws LatchkeyError `x509/pass-phrase-needed`
   */
  async openClear(credential: Sealed): Promise<KeyObject> {
    const token = this.#memory.token(credential.pem, NO_PASS_PHRASE);
    const known = this.#memory.recall(token);
    if (known !== undefined) return known;
    const key = await openPrivateKey(credential.pem.revealText());
    this.#memory.remember(token, key);
    return key;
  }

  /**
   * The PEM text to store: leaf, key, rest of the chain. The key is sealed with scrypt (PKCS #8, PBES2), which the C
   * server and its `myproxy-admin-*` tools read; with an empty pass phrase it is in the clear.
   *
   * @param chainPem the certificates, leaf first
   */
  async seal(chainPem: string, key: KeyObject, passPhrase: Secret): Promise<Secret> {
    const [leaf, ...rest] = parsePem(chainPem).filter(({ label }) => label === 'CERTIFICATE');
    if (leaf === undefined) {
      throw new LatchkeyError('repository/data-malformed', 'a credential to be stored has no certificate');
    }
    const parts = [
      leaf.text,
      (await this.#sealKey(key, passPhrase)).trimEnd(),
      ...rest.map(({ text }) => text),
    ];
    return new Secret(`${parts.join('\n')}\n`);
  }

  /**
   * The same credential with its key under a new pass phrase (empty = in the clear); `undefined` = the old one is
   * wrong, or the key had none.
   */
  async changePassPhrase(credential: Sealed, old: Secret, fresh: Secret): Promise<Secret | undefined> {
    const key = await this.unlock(credential, old);
    return key === undefined ? undefined : this.#withKey(credential, await this.#sealKey(key, fresh));
  }

  /**
   * New PEM text for a credential whose key has the seal of older servers (traditional PEM: one round of MD5), under
   * the same pass phrase. `undefined` when there is nothing to do or the pass phrase is wrong. The C server goes on
   * reading the result; clients that retrieve the key itself need OpenSSL 1.1 or newer.
   */
  async resealIfOld(credential: Sealed, passPhrase: Secret): Promise<Secret | undefined> {
    if (!hasOldSeal(credential.pem)) return undefined;
    return this.changePassPhrase(credential, passPhrase, passPhrase);
  }

  /** Forgets every remembered key. */
  forget(): void {
    this.#memory.forget();
  }

  async #try(
    credential: Sealed,
    passPhrase: Secret,
    admit: (() => boolean) | undefined,
  ): Promise<KeyObject | undefined> {
    if (this.#turns.waiting >= this.#maxWaiting) throw throttled('too many pass phrases are being checked');
    return this.#turns.run(async () => {
      if (admit?.() === false) throw throttled('too many wrong pass phrases');
      try {
        return await openPrivateKey(credential.pem.revealText(), passPhrase);
      } catch (error) {
        if (isLatchkeyError(error, 'x509/pass-phrase-wrong')) return undefined;
        throw error;
      }
    });
  }

  async #sealKey(key: KeyObject, passPhrase: Secret): Promise<string> {
    if (!passPhrase.isEmpty) return this.#turns.run(() => sealPrivateKey(key, passPhrase));
    // Old Globus tools know a clear RSA key by its own label; EC keys they know in PKCS #8 only.
    if (key.asymmetricKeyType === 'rsa') {
      return formatPem('RSA PRIVATE KEY', key.export({ type: 'pkcs1', format: 'der' }));
    }
    return formatPem('PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' }));
  }

  #withKey(credential: Sealed, keyPem: string): Secret {
    const text = credential.pem.revealText();
    const block = keyBlock(text);
    return new Secret(text.replace(block.text, () => keyPem.trimEnd()));
  }
}

const NO_PASS_PHRASE = new Secret('');

/**
 * True when the private key in the text is encrypted.
 *
 * @throws LatchkeyError `x509/key-malformed` when there is none
 */
export function isEncrypted(pem: Secret): boolean {
  return isEncryptedKey(pem.revealText());
}

/** True when the key is encrypted as traditional PEM, whose key derivation is one round of MD5. */
export function hasOldSeal(pem: Secret): boolean {
  return keyBlock(pem.revealText()).headers.get('proc-type')?.includes('ENCRYPTED') ?? false;
}

function keyBlock(text: string): ReturnType<typeof parsePem>[number] {
  const block = parsePem(text).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw new LatchkeyError('x509/key-malformed', 'a PEM text without a private key');
  return block;
}

function throttled(message: string): LatchkeyError {
  return new LatchkeyError('repository/throttled', message, { retryable: true, hint: 'try again later' });
}
