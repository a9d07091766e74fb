/**
 * `latchkey/tokens`: SciTokens and WLCG tokens: issue, verify, find (bearer token discovery), and the keys behind them.
 * It knows nothing of OAuth, HTCondor or users' directories.
 */

export { TOKEN_ALGORITHMS, type TokenAlgorithm } from './algorithm.ts';
export { allows, groupsOf } from './allows.ts';
export {
  type BearerTokenPlace,
  bearerTokenPath,
  discoverToken,
  type FoundToken,
  parseBearerToken,
  readBearerToken,
  writeBearerToken,
} from './bearer-token.ts';
export { type CompactToken, dangerouslyDecodeToken, MAX_TOKEN_BYTES } from './compact-token.ts';
export { type DiscoveryOptions, discoverKeys } from './discover-keys.ts';
export { issueToken } from './issue-token.ts';
export { checkIssuer, type IssuerCheck } from './issuer-check.ts';
export { fixedKeys, type ParsedJwks, parseJwks } from './jwk-set.ts';
export { readPublishedKey, readSigningKey } from './key-file.ts';
export { sciTokensKeyId, thumbprint } from './key-id.ts';
export {
  createKeyRing,
  generateSigningKey,
  type KeyRing,
  type KeyRingOptions,
  keysOfRing,
  loadKeyRing,
  type RingKey,
  rotateKeyRing,
  scheduleOf,
} from './key-ring.ts';
export type { KeyState, RingEntry, ScheduledKey } from './key-ring-schedule.ts';
export type { KeySource } from './key-source.ts';
export {
  type IssuerMetadata,
  type PublicDocument,
  type PublicDocuments,
  parseIssuer,
  publicDocuments,
} from './public-documents.ts';
export {
  formatJwk,
  makePublishedKey,
  type PublicJwk,
  type PublishedKey,
  parsePublishedKey,
} from './published-key.ts';
export type { Rejection, RejectionCode } from './rejection.ts';
export {
  type Authorization,
  allowsOperation,
  operationsOf,
  type ParsedScope,
  parseScope,
  type Vocabulary,
} from './scope.ts';
export { makeSigningKey, parseSigningKey, type SigningKey } from './signing-key.ts';
export { loadSigningKeys, type SigningKeys, type SigningKeysOptions } from './signing-keys.ts';
export { TOKEN_KINDS } from './token-kind.ts';
export type { IssuedToken, TokenProfile, TokenRequest } from './token-request.ts';
export type { TokenKind, TokenReport, VerifiedToken } from './verified-token.ts';
export { rejectedError, type VerifyOptions, verifyToken } from './verify-token.ts';
export { findAmbiguousNames, findWeaknesses } from './weaknesses.ts';
