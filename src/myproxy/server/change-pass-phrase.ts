import { Secret } from '../../kit/index.ts';
import {
  checkPassPhrasePolicy,
  decideOwner,
  isEncrypted,
  MIN_PASS_PHRASE_BYTES,
} from '../../repository/index.ts';
import { credentialIdOf, exclusiveKey, type Operation, sendFinalOk } from './operation.ts';
import { PassPhraseAttempt } from './pass-phrase.ts';
import { refusal } from './refusal.ts';

/**
 * CHANGE (`myproxy-change-pass-phrase`): seals the owner's key under a new pass phrase; an empty one stores it in the
 * clear. A key in the clear can be given a pass phrase (with an empty old one), which the C server refuses.
 */
export async function changePassPhrase(operation: Operation): Promise<void> {
  const { service, request, client, signal } = operation;
  const id = credentialIdOf(request);
  const newPassPhrase = request.newPassPhrase ?? new Secret('');
  await service.exclusive.run(exclusiveKey(id), async () => {
    const credential = await service.store.read(id);
    const decision = decideOwner(client, credential);
    if (!decision.allowed || credential === undefined) throw refusal(decision.lines);
    operation.notes.owner = credential.owner;
    operation.notes.by = 'owner';
    const attempt = new PassPhraseAttempt(operation);
    attempt.begin();
    const isPossible = isEncrypted(credential.pem)
      ? request.passPhrase.length >= MIN_PASS_PHRASE_BYTES &&
        (await service.vault.unlock(credential, request.passPhrase)) !== undefined
      : request.passPhrase.isEmpty;
    if (!isPossible) {
      attempt.wrong();
      attempt.settle();
      throw refusal(
        ['invalid credential passphrase', 'invalid pass phrase'],
        undefined,
        'repository/pass-phrase-wrong',
      );
    }
    attempt.right();
    const refused = await checkPassPhrasePolicy(
      {
        ...id,
        passPhrase: newPassPhrase,
        dn: client.dn,
        retrievers: request.retrievers,
        renewers: request.renewers,
      },
      { program: service.policy.passPhrasePolicyProgram, signal },
    );
    if (refused.length > 0) throw refusal(refused, undefined, 'repository/pass-phrase-policy');
    const pem = await service.vault.changePassPhrase(credential, request.passPhrase, newPassPhrase);
    if (pem === undefined) throw refusal(['Unable to change pass phrase.']);
    await service.store.write({ ...credential, pem });
  });
  await sendFinalOk(operation);
}
