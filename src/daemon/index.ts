/**
 * The composition root: settings become a running MyProxy server with listener, reload, audit and log.
 * It knows nothing of the command line; `cli/` calls {@link startServer} and {@link runLegacyServer}.
 */

export { type ControlClient, connectControl, type LeaseDocument } from './control/index.ts';
export { type CheckedServerCredential, checkServerCredential } from './credential-check.ts';
export { type CredmonProcessOptions, runCredmonProcess } from './credmon/credmon-process.ts';
export type { CredmonLogLevel, RunningCredmon, ScanFacts } from './credmon/running-credmon.ts';
export { type CredmonSurroundings, startCredmon } from './credmon/start-credmon.ts';
export { type CredmonStateFiles, credmonStateFiles } from './credmon/state-files.ts';
export {
  type OpenedState,
  type OpenStateOptions,
  openState,
  refreshTrust,
  type StateStep,
} from './first-start.ts';
export { type LegacyServerOptions, runLegacyServer } from './legacy-server.ts';
export { type LoadCredmonOptions, loadCredmonSettings } from './load-credmon-settings.ts';
export { hasMonitor, type RunningMonitor, startMonitor } from './monitor.ts';
export { type RunningServer, type StartOptions, startServer } from './server.ts';
export { openEnvelope } from './server-state.ts';
export type { ServerSettings } from './settings.ts';
export { loadSettings } from './settings-file.ts';
export {
  findState,
  type RunningRecord,
  readRunning,
  removeRunning,
  type StatePaths,
  stateDirectoryToMake,
  statePaths,
  writeRunning,
} from './state-directory.ts';
export { loadAuthoritySettings } from './voms/authorities-of-settings.ts';
export { AUTHORITY_DEFAULTS, type AuthoritySettings } from './voms/authority-settings.ts';
export { type RunningAuthority, startAuthority } from './voms/start-authority.ts';
export { type AccountFile, openAccountFile } from './web/account-file.ts';
export { createSignInCode } from './web/sign-in-directory.ts';
