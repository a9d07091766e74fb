/**
 * `latchkey/repository`: stored credentials: their model, the C server's storage directory, sealing of keys, who may
 * do what with them, and back-off for wrong pass phrases. It knows nothing of the wire.
 */
export { type AcceptedMapping, checkAcceptedMapping } from './accepted-mapping.ts';
export {
  type AccessPolicy,
  ANONYMOUS_DN,
  type ClientIdentity,
  checkPolicy,
  type Decision,
  type DecisionStep,
  findUnsafePolicy,
  type PolicyCheck,
  type PolicyList,
  type PolicyName,
} from './access-policy.ts';
export { addressGroup } from './address-group.ts';
export type {
  CredentialId,
  CredentialPolicies,
  CredentialRecord,
  CredentialStore,
  StoredCredential,
  WriteOptions,
} from './credential.ts';
export {
  createEnvelope,
  ENVELOPE_LABEL,
  type Envelope,
  type EnvelopeBinding,
  isEnveloped,
} from './envelope.ts';
export { type EnvelopeKeyOptions, type EnvelopeKeySource, loadEnvelopeKey } from './envelope-key.ts';
export { isUsableExpression, matchesExpression } from './expression.ts';
export { FileStore, type FileStoreOptions, type StoreFinding } from './file-store.ts';
export { type GridMapfile, type GridMapping, mapsTo, parseGridMapfile } from './grid-mapfile.ts';
export { hasOldSeal, isEncrypted, KeyVault, type KeyVaultOptions, type UnlockOptions } from './key-vault.ts';
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
export { type BackOff, Throttle, type ThrottleOptions } from './throttle.ts';
