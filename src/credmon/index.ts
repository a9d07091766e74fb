/**
 * `latchkey/credmon`: HTCondor's credential directory and configuration, as sources and a delivery of the keeper.
 * It knows nothing of HTTP pages, signals or listeners.
 */
export { type Authorization, authorizationOf, expandTemplate } from './authz-template.ts';
export { checkCredmonFiles } from './config/check-files.ts';
export { checkSettings } from './config/check-settings.ts';
export { type CondorConfig, type ConfigValue, condorConfig } from './config/condor-config.ts';
export { CREDMON_KEYS, type CredmonKey } from './config/credmon-keys.ts';
export { CREDMON_DEFAULTS, RANGES } from './config/defaults.ts';
export { type ConfigFinding, describeFinding } from './config/finding.ts';
export { isEndpoint } from './config/key-reader.ts';
export { credmonValues } from './config/known-keys.ts';
export { type LoadCondorOptions, loadCondorConfig } from './config/load-condor-config.ts';
export { machineName } from './config/machine-config.ts';
export { describeOrigin, type Origin } from './config/macro.ts';
export { usualAuthentication } from './config/remote-providers.ts';
export { type CondorSettingsOptions, settingsFromCondor } from './config/settings-from-condor.ts';
export { createUseDelivery, type DeliveryListener } from './delivery.ts';
export {
  type CredentialDirectory,
  clearComplete,
  isReallyGone,
  markComplete,
  openCredentialDirectory,
} from './directory.ts';
export { inUserDirectory } from './directory-files.ts';
export { makeUserDirectory } from './directory-user.ts';
export { MAX_CREDENTIAL_CHARACTERS, type Members } from './json-file.ts';
export { readHeld } from './lease-held.ts';
export { LeaseKeeping, type LeaseKeepingOptions, type Unserved, type WaitedFor } from './lease-keeping.ts';
export { leaseId, readLeaseId } from './lease-name.ts';
export { createLoginStore, type LoginFacts, type LoginStore, type LoginStoreOptions } from './login-store.ts';
export { formatMeta, type MetaFile, parseMeta } from './meta-file.ts';
export {
  formatStem,
  isProviderName,
  isRequestKey,
  isUserName,
  readStem,
  type Stem,
  userOfMark,
  withoutDomain,
} from './name.ts';
export { clientRegistration } from './providers/client-registration.ts';
export { localTokenRequest } from './providers/local-token-request.ts';
export { createProviderSources, type ProviderSurroundings } from './providers/provider-sources.ts';
export { secretMemory } from './providers/remembered-secret.ts';
export { openRescuedTokens, type RescuedTokens } from './providers/rescued-tokens.ts';
export type { CredmonSource, SourceMaker } from './providers/source-table.ts';
export { withoutSealingKey } from './providers/stored-token.ts';
export { type UnbrokenWork, unbrokenWork } from './providers/unbroken-work.ts';
export { type LoginRequest, parseRequestFile, type RequestFile } from './request-file.ts';
export { type ResealOptions, resealLogin } from './reseal.ts';
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
export { assembleSettings, type SettingsParts } from './settings-parts.ts';
export { writeStandIn } from './stand-in.ts';
export { sweepLeftovers } from './sweep-leftovers.ts';
export { type Passes, type PassFacts, startPasses } from './sweep-passes.ts';
export {
  HOOK_EVENTS,
  type HookEventType,
  type HookSettings,
  type ToldSettings,
  toldSettings,
} from './told.ts';
export { formatTop, parseTop, type TopContents, type TopFile } from './top-file.ts';
export { formatUse, parseUse, type UseContents, type UseFile } from './use-file.ts';
export { type DirectoryWatch, watchDirectory } from './watch.ts';
export { parseWebListen, WEB_PAGE_DEFAULTS, type WebListen, type WebPageSettings } from './web-page.ts';
