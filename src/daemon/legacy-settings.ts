import { readFile } from 'node:fs/promises';
import { LatchkeyError, quote } from '../kit/index.ts';
import { parseServerConfig, type ServerConfig, type ServerPolicy } from '../myproxy/index.ts';
import { DEFAULTS, type ServerSettings } from './settings.ts';

/** What a `myproxy-server.config` decides; where to listen and to store comes from the command line. */
export type LegacySettings = Omit<ServerSettings, 'listen' | 'storage'>;

/**
 * Reads a `myproxy-server.config`.
 *
 * @param ident name in log lines, unless the file has a `syslog_ident`
 * @throws LatchkeyError `config/missing`; `config/invalid` with everything that keeps a server from starting
 */
export async function readLegacySettings(file: string, ident = 'myproxy-server'): Promise<LegacySettings> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('config/missing', `cannot read the configuration ${quote(file)}: ${why}`, {
      cause,
    });
  }
  return legacySettings(text, file, ident);
}

/** As {@link readLegacySettings}, of a text. */
export function legacySettings(text: string, file: string, ident = 'myproxy-server'): LegacySettings {
  const { config, findings } = parseServerConfig(text);
  const errors = findings.filter((finding) => finding.severity === 'error');
  if (errors.length > 0) {
    const hint = errors.find((finding) => finding.hint !== undefined)?.hint;
    throw new LatchkeyError(
      'config/invalid',
      `${file}: ${errors.map((finding) => finding.message).join('; ')}`,
      {
        details: { findings: errors },
        ...(hint === undefined ? {} : { hint }),
      },
    );
  }
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
  };
}
