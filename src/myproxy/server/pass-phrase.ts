import type { KeyObject } from 'node:crypto';
import { MIN_PASS_PHRASE_BYTES, type StoredCredential } from '../../repository/index.ts';
import { credentialIdOf, exclusiveKey, type Operation } from './operation.ts';
import { refusal } from './refusal.ts';

/**
 * One client's try of one pass phrase, on one credential or on several: however many keys it is tried on, it counts
 * as one wrong try for the throttle.
 */
export class PassPhraseAttempt {
  readonly #operation: Operation;
  #isWrong = false;
  #isHeld = false;

  constructor(operation: Operation) {
    this.#operation = operation;
  }

  /** The throttle did not even let it be tried. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** @throws LatchkeyError with refusal lines while the account or address has to wait */
  begin(): void {
    const { service, request, wire } = this.#operation;
    const waitMs = service.throttle.check(request.username, wire.peer.address);
    if (waitMs <= 0) return;
    this.#isHeld = true;
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

  wrong(): void {
    this.#isWrong = true;
  }

  right(): void {
    const { service, request, wire } = this.#operation;
    this.#isWrong = false;
    service.throttle.succeeded(request.username, wire.peer.address);
  }

  /** To be called when nothing more will be tried. */
  settle(): void {
    if (!this.#isWrong) return;
    this.#isWrong = false;
    const { service, request, wire } = this.#operation;
    const waitMs = service.throttle.failed(request.username, wire.peer.address);
    if (waitMs > 0)
      this.#operation.log('warn', `next pass phrase for "${request.username}" in ${inWords(waitMs)}`);
  }
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
  attempt.begin();
  const isPossible = request.passPhrase.length >= MIN_PASS_PHRASE_BYTES;
  const key = isPossible ? await service.vault.unlock(credential, request.passPhrase) : undefined;
  if (key === undefined) {
    attempt.wrong();
    throw refusal(
      isPossible ? ['Bad password', 'invalid credential passphrase'] : ['invalid credential passphrase'],
      undefined,
      'repository/pass-phrase-wrong',
    );
  }
  attempt.right();
  operation.log('info', 'credential passphrase matched');
  if (service.resealOldKeys) operation.afterwards.push(() => reseal(operation, credential));
  return key;
}

/** Writes an old key under today's seal, unless the credential has changed meanwhile. */
async function reseal(operation: Operation, credential: StoredCredential): Promise<void> {
  const { service, request } = operation;
  const pem = await service.vault.resealIfOld(credential, request.passPhrase);
  if (pem === undefined) return;
  const id = {
    ...credentialIdOf(request),
    ...(credential.name === undefined ? {} : { name: credential.name }),
  };
  await service.exclusive.run(exclusiveKey(id), async () => {
    const current = await service.store.read(id);
    if (current === undefined || !current.pem.equals(credential.pem)) return;
    await service.store.write({ ...current, pem });
    operation.log('info', `sealed the key of "${id.username}" anew: it had an old seal`);
  });
}

function inWords(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 120) return `${seconds} second${seconds === 1 ? '' : 's'}`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
