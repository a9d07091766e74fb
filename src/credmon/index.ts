/**
 * `latchkey/credmon`: HTCondor's credential directory and configuration, as sources and a delivery of the keeper.
 * It knows nothing of HTTP pages, signals or listeners.
 */
export { type Authorization, authorizationOf, expandTemplate } from './authz-template.ts';
export { createUseDelivery, type DeliveryListener } from './delivery.ts';
export {
  type CredentialDirectory,
  clearComplete,
  markComplete,
  openCredentialDirectory,
} from './directory.ts';
export { MAX_CREDENTIAL_CHARACTERS, type Members } from './json-file.ts';
export { readHeld } from './lease-held.ts';
export { LeaseKeeping, type LeaseKeepingOptions, type Unserved } from './lease-keeping.ts';
export { leaseId, readLeaseId } from './lease-name.ts';
export { createLoginStore, type LoginFacts, type LoginStore, type LoginStoreOptions } from './login-store.ts';
export { formatMeta, type MetaFile, parseMeta } from './meta-file.ts';
export {
  formatStem,
  isRequestKey,
  isUserName,
  readStem,
  type Stem,
  userOfMark,
  withoutDomain,
} from './name.ts';
export { localTokenRequest } from './providers/local-token-request.ts';
export { createProviderSources, type ProviderSurroundings } from './providers/provider-sources.ts';
export type { CredmonSource, SourceMaker } from './providers/source-table.ts';
export { type LoginRequest, parseRequestFile, type RequestFile } from './request-file.ts';
export { DirectoryScan } from './scan.ts';
export type {
  ClientProvider,
  CredmonSettings,
  LocalProvider,
  OAuthClientSettings,
  OAuthProvider,
  PelicanProvider,
  Provider,
  UseFormat,
  VaultProvider,
} from './settings.ts';
export { sweepLeftovers } from './sweep-leftovers.ts';
export { type Passes, type PassFacts, startPasses } from './sweep-passes.ts';
export { formatTop, parseTop, type TopContents, type TopFile } from './top-file.ts';
export { formatUse, parseUse, type UseContents, type UseFile } from './use-file.ts';
export { type DirectoryWatch, watchDirectory } from './watch.ts';
