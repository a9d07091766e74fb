import { loadServerConfig, requireNoErrors, type ServerConfig, type ServerPolicy } from '../myproxy/index.ts';
import { DEFAULTS, type ServerSettings } from './settings.ts';

/** What a `myproxy-server.config` decides; where to listen and to store comes from the command line. */
export type LegacySettings = Omit<ServerSettings, 'listen' | 'storage'>;

/**
 * Reads a `myproxy-server.config`.
 *
 * @param ident name in log lines, unless the file has a `syslog_ident`
 * @throws LatchkeyError `config/missing`, `config/malformed`; `config/invalid` for what keeps a server from starting
 */
export async function readLegacySettings(file: string, ident = 'myproxy-server'): Promise<LegacySettings> {
  const { config, findings } = await loadServerConfig(file);
  requireNoErrors(findings, file);
  return {
    source: file,
    findings: findings
      .filter((finding) => finding.severity === 'warning')
      .map(({ message, hint }) => `${file}: ${message}${hint === undefined ? '' : ` (${hint})`}`),
    ident: config.syslogIdent ?? ident,
    credential: {},
    policy: policyOf(config),
    trustRoots: config.certDirectory,
    limits: {
      requestTimeoutSeconds: config.requestTimeoutSeconds ?? 0,
      requestSizeBytes: config.requestSizeLimitBytes ?? 0,
      maxConnections: DEFAULTS.maxConnections,
      maxConnectionsPerAddress: DEFAULTS.maxConnectionsPerAddress,
    },
    // A site that will switch back soon may want its files left alone.
    sealing: {
      rememberSeconds: DEFAULTS.rememberSeconds,
      resealOldKeys: process.env.LATCHKEY_RESEAL !== 'never',
    },
    log: { format: 'text', level: 'info' },
  };
}

function policyOf(config: ServerConfig): ServerPolicy {
  return {
    access: {
      acceptedCredentials: config.acceptedCredentials,
      authorizedRetrievers: config.authorizedRetrievers,
      defaultRetrievers: config.defaultRetrievers,
      authorizedRenewers: config.authorizedRenewers,
      defaultRenewers: config.defaultRenewers,
      authorizedKeyRetrievers: config.authorizedKeyRetrievers,
      defaultKeyRetrievers: config.defaultKeyRetrievers,
      trustedRetrievers: config.trustedRetrievers,
      defaultTrustedRetrievers: config.defaultTrustedRetrievers,
      allowSelfAuthorization: config.allowSelfAuthorization,
    },
    maxProxyLifetimeSeconds: config.maxProxyLifetimeSeconds,
    maxCredentialLifetimeSeconds: config.maxCredentialLifetimeSeconds,
    ignoreLimitedProxies: config.ignoreGlobusLimitedProxyFlag,
    checkMultipleCredentials: config.checkMultipleCredentials,
    passPhrasePolicyProgram: config.passPhrasePolicyProgram,
    acceptedMapFile: config.acceptedCredentialsMapfile,
    acceptedMapProgram: config.acceptedCredentialsMapapp,
    ...(config.allowVomsAttributeRequests ? { vomsAttributes: { userConf: config.vomsUserconf } } : {}),
  };
}
