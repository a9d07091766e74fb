/**
 * The configuration of the C world: `myproxy-server.config` with every key it knows, and `gsi.conf`.
 * Parsers are pure and report findings; checks look at the files that are named. It starts and decides nothing.
 */
export { checkServerConfig, requireNoErrors } from './check-server-config.ts';
export type { ConfigFinding } from './config-finding.ts';
export {
  type GsiConf,
  loadGsiConf,
  type NameCompatibility,
  parseGsiConf,
  type TlsVersion,
} from './gsi-conf.ts';
export { loadServerConfig, locateServerConfig } from './load-server-config.ts';
export { type ConfigSetting, type ParsedServerConfig, parseServerConfig } from './parse-server-config.ts';
export type { AuthenticationStatus, ServerConfig } from './server-config.ts';
export { type ConfigKey, type ConfigValueType, SERVER_CONFIG_KEYS } from './server-config-keys.ts';
