import type { KeyObject } from 'node:crypto';
import { counted, isLatchkeyError } from '../../kit/index.ts';
import { MIN_PASS_PHRASE_BYTES, type StoredCredential } from '../../repository/index.ts';
import type { Operation } from './operation.ts';
import { refusal } from './refusal.ts';

/**
 * One client's try of one pass phrase, on one credential or on several: however many keys it is tried on, it counts
 * as one wrong try for the throttle.
 */
export class PassPhraseAttempt {
  readonly #operation: Operation;
  /** Accounts, as the throttle counts them, whose keys it did not open. */
  readonly #wrong = new Set<string>();
  #isHeld = false;

  constructor(operation: Operation) {
    this.#operation = operation;
  }

  /** The throttle did not even let it be tried. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /**
   * The key if the pass phrase opens it; `undefined` = wrong.
   *
   * @throws LatchkeyError with refusal lines while the account or address has to wait
   */
  async open(credential: StoredCredential): Promise<KeyObject | undefined> {
    const { service, request, wire } = this.#operation;
    const { passPhrase } = request;
    const account = accountOf(credential);
    this.#hold(service.throttle.check(account, wire.peer.address));
    if (passPhrase.length < MIN_PASS_PHRASE_BYTES) {
      this.#wrong.add(account);
      return undefined;
    }
    try {
      const admit = (): boolean => service.throttle.check(account, wire.peer.address) <= 0;
      const key = await service.vault.unlock(credential, passPhrase, { admit });
      if (key === undefined) this.#wrong.add(account);
      else {
        // The keys of one account may have several pass phrases; those of other accounts prove nothing about it.
        this.#wrong.delete(account);
        service.throttle.succeeded(account, wire.peer.address);
      }
      return key;
    } catch (error) {
      if (isLatchkeyError(error, 'repository/throttled')) {
        this.#hold(Math.max(1_000, service.throttle.check(account, wire.peer.address)));
      }
      throw error;
    }
  }

  /** To be called when nothing more will be tried. */
  settle(): void {
    const { service, request, wire, log } = this.#operation;
    for (const account of this.#wrong) {
      const waitMs = service.throttle.failed(account, wire.peer.address);
      if (waitMs > 0) {
        log('warn', `next pass phrase for username ${request.username} in ${inWords(waitMs)}`);
      }
    }
    this.#wrong.clear();
  }

  #hold(waitMs: number): void {
    if (waitMs <= 0) return;
    this.#isHeld = true;
    const { request, wire } = this.#operation;
    throw refusal(
      [
        'invalid credential passphrase',
        `too many wrong pass phrases for username "${request.username}" from ${wire.peer.address}: wait ${inWords(waitMs)}`,
        'authentication failed',
      ],
      `throttled for ${inWords(waitMs)}`,
      'repository/throttled',
    );
  }
}

/**
 * What the throttle counts by: the user name as it is stored, for several spellings find the same files (`a-b` finds the
 * credential `b` of user `a`), and the owner, for anybody may store a credential of his own under a name of his own beside
 * another's, and must not clear the count with it.
 */
function accountOf({ username, owner }: StoredCredential): string {
  return JSON.stringify([username, owner]);
}

/**
 * The key of a credential, opened by the request's pass phrase.
 *
 * @throws LatchkeyError with the C server's lines for a wrong one
 */
export async function openWithPassPhrase(
  operation: Operation,
  credential: StoredCredential,
  attempt: PassPhraseAttempt,
): Promise<KeyObject> {
  const { service, request } = operation;
  const key = await attempt.open(credential);
  if (key === undefined) {
    const wasTried = request.passPhrase.length >= MIN_PASS_PHRASE_BYTES;
    const lines = [...(wasTried ? ['Bad password'] : []), 'invalid credential passphrase'];
    throw refusal(lines, undefined, 'repository/pass-phrase-wrong');
  }
  operation.log('info', 'credential passphrase matched');
  if (service.resealOldKeys && !UP_TO_DATE.has(credential)) {
    operation.afterwards.push(() => reseal(operation, credential));
  }
  return key;
}

/** Credentials, as the store hands them out, whose seal is known not to be an old one. */
const UP_TO_DATE = new WeakSet<StoredCredential>();

/** Writes an old key under today's seal, unless the credential has changed meanwhile. */
async function reseal(operation: Operation, credential: StoredCredential): Promise<void> {
  const { service, request } = operation;
  const pem = await service.vault.resealIfOld(credential, request.passPhrase);
  if (pem === undefined) {
    UP_TO_DATE.add(credential);
    return;
  }
  if (await service.store.write({ ...credential, pem }, { replacing: credential })) {
    operation.log('info', `sealed the key of username ${credential.username} anew: it had an old seal`);
  }
}

function inWords(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 120) return counted(seconds, 'second');
  return `${Math.ceil(seconds / 60)} minutes`;
}
