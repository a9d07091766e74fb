import type { KeyObject } from 'node:crypto';
import { Secret } from '../../kit/index.ts';
import {
  checkPassPhrasePolicy,
  decideOwner,
  isEncrypted,
  type StoredCredential,
} from '../../repository/index.ts';
import { formatCertificates } from '../../x509/index.ts';
import { credentialIdOf, type Operation, sendFinalOk } from './operation.ts';
import { PassPhraseAttempt } from './pass-phrase.ts';
import { refusal } from './refusal.ts';

/**
 * CHANGE (`myproxy-change-pass-phrase`): seals the owner's key under a new pass phrase; an empty one stores it in the
 * clear. A key in the clear can be given a pass phrase (with an empty old one), which the C server refuses.
 */
export async function changePassPhrase(operation: Operation): Promise<void> {
  const { service, request, client, signal } = operation;
  const id = credentialIdOf(request);
  const credential = await service.store.read(id);
  const decision = decideOwner(client, credential);
  if (!decision.allowed || credential === undefined) throw refusal(decision.lines);
  operation.notes.owner = credential.owner;
  operation.notes.by = 'owner';
  const key = await openOwnKey(operation, credential);
  const fresh = request.newPassPhrase ?? new Secret('');
  const { retrievers, renewers } = request;
  const refused = await checkPassPhrasePolicy(
    { ...id, passPhrase: fresh, dn: client.dn, retrievers, renewers },
    { program: service.policy.passPhrasePolicyProgram, signal },
  );
  if (refused.length > 0) throw refusal(refused, undefined, 'repository/pass-phrase-policy');
  const chain = formatCertificates(service.chains.open(credential).certificates);
  const pem = await service.vault.seal(chain, key, fresh);
  if (!(await service.store.write({ ...credential, pem }, { replacing: credential }))) {
    throw refusal(['Unable to change pass phrase.', 'the credential was changed by somebody else meanwhile']);
  }
  await sendFinalOk(operation);
}

async function openOwnKey(operation: Operation, credential: StoredCredential): Promise<KeyObject> {
  const { service, request } = operation;
  if (!isEncrypted(credential.pem) && request.passPhrase.isEmpty) return service.vault.openClear(credential);
  const attempt = new PassPhraseAttempt(operation);
  try {
    const key = await attempt.open(credential);
    if (key !== undefined) return key;
    const lines = ['invalid credential passphrase', 'invalid pass phrase'];
    throw refusal(lines, undefined, 'repository/pass-phrase-wrong');
  } finally {
    attempt.settle();
  }
}
