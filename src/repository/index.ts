/**
 * `latchkey/repository`: stored credentials: their model, the C server's storage directory, sealing of keys, who may
 * do what with them, and back-off for wrong pass phrases. It knows nothing of the wire.
 */
export { type AcceptedMapping, checkAcceptedMapping } from './accepted-mapping.ts';
export {
  type AccessPolicy,
  type ClientIdentity,
  checkPolicy,
  type Decision,
  type DecisionStep,
  findUnsafePolicy,
  type PolicyCheck,
  type PolicyList,
  type PolicyName,
} from './access-policy.ts';
export type {
  CredentialId,
  CredentialPolicies,
  CredentialRecord,
  CredentialStore,
  StoredCredential,
} from './credential.ts';
export type { Envelope } from './envelope.ts';
export { matchesExpression } from './expression.ts';
export { FileStore, type FileStoreOptions } from './file-store.ts';
export { isEncrypted, KeyVault, type KeyVaultOptions } from './key-vault.ts';
export { checkStoredLifetime, delegationLifetime, type LifetimeBounds } from './lifetime.ts';
export { decideOwner, decideStore, decideTrustRoots, type StoreRequest } from './ownership.ts';
export {
  checkPassPhrasePolicy,
  MIN_PASS_PHRASE_BYTES,
  type PassPhraseCandidate,
} from './pass-phrase-policy.ts';
export {
  type AuthenticatedRetrieval,
  type AuthenticationPlan,
  decideAuthenticated,
  decideRetrieval,
  planAuthentication,
  type RetrievalDecision,
  type RetrievalRequest,
} from './retrieval.ts';
export { Throttle, type ThrottleOptions } from './throttle.ts';
