/**
 * `latchkey/credmon`: HTCondor's credential directory and configuration, as sources and a delivery of the keeper.
 * It knows nothing of HTTP pages, signals or listeners.
 */
export { type Authorization, authorizationOf, expandTemplate } from './authz-template.ts';
export { type CredentialDirectory, openCredentialDirectory } from './directory.ts';
export { MAX_CREDENTIAL_CHARACTERS, type Members } from './json-file.ts';
export { createLoginStore, type LoginFacts, type LoginStore } from './login-store.ts';
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
export { type LoginRequest, parseRequestFile, type RequestFile } from './request-file.ts';
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
export { formatTop, parseTop, type TopContents, type TopFile } from './top-file.ts';
export { formatUse, parseUse, type UseContents, type UseFile } from './use-file.ts';
