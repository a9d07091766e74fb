import type { KeyObject } from 'node:crypto';
import {
  type AuthenticationPlan,
  type CredentialId,
  decideAuthenticated,
  decideRetrieval,
  isEncrypted,
  planAuthentication,
  type RetrievalDecision,
  type RetrievalRequest,
  type StoredCredential,
} from '../../repository/index.ts';
import { formatOneline } from '../../x509/index.ts';
import { challengeClient } from './challenge.ts';
import { explainPath } from './explain-path.ts';
import { opensslWords } from './openssl-words.ts';
import { credentialIdOf, type Operation } from './operation.ts';
import { openWithPassPhrase, PassPhraseAttempt } from './pass-phrase.ts';
import { refusal } from './refusal.ts';
import type { StoredChain } from './stored-chains.ts';

/** A credential the client may have, opened. */
export interface AuthorizedRetrieval {
  readonly credential: StoredCredential;
  readonly chain: StoredChain;
  /** Present when a pass phrase opened it; a key in the clear is opened when it is needed. */
  readonly key: KeyObject | undefined;
  /** A proxy delegated now must be a limited one. */
  readonly issueLimited: boolean;
}

/**
 * GET and RETRIEVE up to the first OK: policies, authentication, lock, then validation of the stored chain.
 * With `check_multiple_credentials`, a GET that names no credential tries the default one, then each other of the user.
 *
 * @throws LatchkeyError with the refusal lines of the C server
 */
export async function authorizeRetrieval(operation: Operation): Promise<AuthorizedRetrieval> {
  const attempt = new PassPhraseAttempt(operation);
  // Also after a success: it may have been at another owner's credential than the failure before it.
  const authorized = await authorizeAny(operation, attempt).finally(() => attempt.settle());
  const { credential, chain } = authorized;
  operation.notes.owner = credential.owner;
  if (credential.name !== undefined) operation.notes.credentialName = credential.name;
  const report = operation.service.chains.validate(
    chain,
    operation.service.trust,
    operation.service.clock.now(),
  );
  if (!report.ok) {
    throw refusal([`X509_verify_cert() failed: ${opensslWords(report)}`, ...explainPath(report)]);
  }
  // The decisions above went by the certificates in their order; the path leaves out what it does not need.
  if (report.identity === undefined || formatOneline(report.identity) !== chain.identity) {
    throw refusal(["Can't read credentials", 'the stored certificates are not in order, leaf first']);
  }
  return authorized;
}

async function authorizeAny(operation: Operation, attempt: PassPhraseAttempt): Promise<AuthorizedRetrieval> {
  const { service, request } = operation;
  const id = credentialIdOf(request);
  const triesOthers =
    service.policy.checkMultipleCredentials && request.command === 'GET' && id.name === undefined;
  try {
    return await authorizeOne(operation, id, await service.store.read(id), attempt);
  } catch (first) {
    if (!triesOthers || attempt.isHeld) throw first;
    for await (const credential of service.store.list(request.username)) {
      if (credential.name === undefined) continue;
      operation.signal.throwIfAborted();
      try {
        return await authorizeOne(operation, credential, credential, attempt);
      } catch (error) {
        operation.log('debug', `credential "${credential.name}" does not authorize: ${messageOf(error)}`);
      }
    }
    throw first;
  }
}

async function authorizeOne(
  operation: Operation,
  id: CredentialId,
  credential: StoredCredential | undefined,
  attempt: PassPhraseAttempt,
): Promise<AuthorizedRetrieval> {
  const { service, request, client } = operation;
  const chain = credential && service.chains.open(credential);
  const retrieval: RetrievalRequest = {
    command: request.command === 'RETRIEVE' ? 'RETRIEVE' : 'GET',
    id: { username: id.username, ...(id.name === undefined ? {} : { name: id.name }) },
    client,
    policy: service.policy.access,
    credential,
    identity: chain?.identity,
  };
  const decision = decideRetrieval(retrieval);
  if (!decision.allowed || credential === undefined || chain === undefined) throw refusal(decision.lines);
  operation.notes.owner = credential.owner;
  if (decision.isTrusted) operation.log('info', 'trusted retrievers policy matched');
  const authenticated = await authenticate(operation, decision, credential, chain, attempt);
  const verdict = decideAuthenticated(retrieval, decision, {
    by: authenticated.by,
    clientIsLimited: client.isLimited || authenticated.isLimited,
    credentialIsLimited: chain.isLimited,
    ignoreLimited: service.policy.ignoreLimitedProxies,
  });
  if (!verdict.allowed) throw refusal(verdict.lines);
  return { credential, chain, key: authenticated.key, issueLimited: verdict.issueLimited };
}

interface Authenticated {
  readonly by: 'pass-phrase' | 'none' | 'certificate';
  readonly isLimited: boolean;
  readonly key?: KeyObject;
}

async function authenticate(
  operation: Operation,
  decision: RetrievalDecision,
  credential: StoredCredential,
  chain: StoredChain,
  attempt: PassPhraseAttempt,
): Promise<Authenticated> {
  const plan: AuthenticationPlan = planAuthentication(decision, {
    isEncrypted: isSealed(credential),
    hasPassPhrase: !operation.request.passPhrase.isEmpty,
  });
  operation.notes.by = plan.kind === 'none' ? 'trusted' : plan.kind;
  switch (plan.kind) {
    case 'pass-phrase': {
      const key = await openWithPassPhrase(operation, credential, attempt);
      return { by: 'pass-phrase', isLimited: false, key };
    }
    case 'certificate': {
      const { isLimited } = await challengeClient(operation, chain.identity);
      return { by: 'certificate', isLimited };
    }
    case 'none':
      return { by: 'none', isLimited: false };
    case 'refused':
      throw refusal(plan.lines);
  }
}

/** The store hands out the same object while nothing changes, and its PEM text is parsed once for it. */
const SEALED = new WeakMap<StoredCredential, boolean>();

function isSealed(credential: StoredCredential): boolean {
  const known = SEALED.get(credential) ?? isEncrypted(credential.pem);
  SEALED.set(credential, known);
  return known;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
