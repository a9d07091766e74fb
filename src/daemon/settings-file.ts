import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LatchkeyError, quote } from '../kit/index.ts';
import type { ServerPolicy } from '../myproxy/index.ts';
import type { EnvelopeKeySource } from '../repository/index.ts';
import { readLegacySettings } from './legacy-settings.ts';
import { DEFAULTS, type ServerSettings } from './settings.ts';
import type { SettingsDocument } from './settings-schema.ts';
import { locateStorage } from './storage-location.ts';

const MAX_FILE_BYTES = 1 << 20;
const HOUR = 3_600;

/**
 * Reads `latchkey.toml`, or a legacy `myproxy-server.config` (any file whose name does not end in `.toml`).
 *
 * @param storage the storage directory, whatever the file says; a legacy file cannot say it
 * @throws LatchkeyError `config/missing`, `config/malformed`, `config/invalid`
 */
export async function loadSettings(path: string, storage?: string): Promise<ServerSettings> {
  const file = resolve(path);
  if (!file.endsWith('.toml')) {
    const port = Number(process.env.MYPROXY_SERVER_PORT ?? DEFAULTS.port);
    const listen = { port, minTls: 'TLSv1.2', maxTls: 'TLSv1.2' } as const;
    return { ...(await readLegacySettings(file)), listen, storage: storage ?? (await locateStorage()) };
  }
  const text = await readConfig(file);
  const { parseSettings } = await import('./settings-document.ts');
  return settingsFrom(parseSettings(text, file), file, storage);
}

async function settingsFrom(
  document: SettingsDocument,
  file: string,
  storage: string | undefined,
): Promise<ServerSettings> {
  const at = <Value extends string | undefined>(path: Value): Value | string =>
    path === undefined ? path : resolve(dirname(file), path);
  const { server = {}, limits = {}, sealing = {}, audit = {}, log = {} } = document;
  const legacyFile = at(server.legacy_config);
  const base = legacyFile === undefined ? undefined : await readLegacySettings(legacyFile);
  const trustDirectory = at(server.trust_directory);
  const minTls = server.min_tls === '1.3' ? 'TLSv1.3' : 'TLSv1.2';
  const maxTls = server.max_tls === '1.3' ? 'TLSv1.3' : 'TLSv1.2';
  if (minTls > maxTls) throw invalid(file, 'server.min_tls is higher than server.max_tls');
  return {
    source: file,
    alsoRead: legacyFile === undefined ? [] : [legacyFile],
    findings: base?.findings,
    ident: 'latchkey',
    listen: { host: server.listen, port: server.port ?? DEFAULTS.port, minTls, maxTls },
    credential: { certificate: at(server.certificate), key: at(server.key) },
    trustDirectory,
    vomsDirectory: at(server.voms_directory),
    storage: storage ?? at(server.storage) ?? (await locateStorage()),
    policy: policyFrom(document, base?.policy, at),
    trustRoots: trustRootsFrom(server.trust_roots, trustDirectory, base?.trustRoots, file, at),
    limits: {
      requestTimeoutSeconds:
        limits.request_timeout ?? base?.limits.requestTimeoutSeconds ?? DEFAULTS.requestTimeoutSeconds,
      requestSizeBytes: limits.request_size ?? base?.limits.requestSizeBytes ?? DEFAULTS.requestSizeBytes,
      maxConnections: limits.max_connections ?? DEFAULTS.maxConnections,
      maxConnectionsPerAddress: limits.max_connections_per_address ?? DEFAULTS.maxConnectionsPerAddress,
    },
    sealing: {
      rememberSeconds: sealing.remember ?? DEFAULTS.rememberSeconds,
      resealOldKeys: sealing.reseal_old_keys ?? true,
      serverKeys: serverKeysFrom(sealing, file, at),
    },
    auditFile: at(audit.file),
    log: { file: at(log.file), format: log.format ?? 'text', level: log.level ?? 'info' },
  };
}

type At = (path: string | undefined) => string | undefined;

function policyFrom(document: SettingsDocument, base: ServerPolicy | undefined, at: At): ServerPolicy {
  const { policy = {} } = document;
  const access = base?.access;
  const seconds = (hours: number | undefined): number | undefined =>
    hours === undefined ? undefined : Math.round(hours * HOUR);
  return {
    access: {
      acceptedCredentials: policy.accepted_credentials ?? access?.acceptedCredentials,
      authorizedRetrievers: policy.authorized_retrievers ?? access?.authorizedRetrievers,
      defaultRetrievers: policy.default_retrievers ?? access?.defaultRetrievers,
      authorizedRenewers: policy.authorized_renewers ?? access?.authorizedRenewers,
      defaultRenewers: policy.default_renewers ?? access?.defaultRenewers,
      authorizedKeyRetrievers: policy.authorized_key_retrievers ?? access?.authorizedKeyRetrievers,
      defaultKeyRetrievers: policy.default_key_retrievers ?? access?.defaultKeyRetrievers,
      trustedRetrievers: policy.trusted_retrievers ?? access?.trustedRetrievers,
      defaultTrustedRetrievers: policy.default_trusted_retrievers ?? access?.defaultTrustedRetrievers,
      allowSelfAuthorization: policy.allow_self_authorization ?? access?.allowSelfAuthorization ?? false,
    },
    maxProxyLifetimeSeconds: seconds(policy.max_proxy_lifetime_hours) ?? base?.maxProxyLifetimeSeconds,
    maxCredentialLifetimeSeconds:
      seconds(policy.max_credential_lifetime_hours) ?? base?.maxCredentialLifetimeSeconds,
    ignoreLimitedProxies: policy.dangerously_ignore_limited_proxies ?? base?.ignoreLimitedProxies ?? false,
    checkMultipleCredentials: policy.check_multiple_credentials ?? base?.checkMultipleCredentials ?? false,
    passPhrasePolicyProgram: at(policy.pass_phrase_program) ?? base?.passPhrasePolicyProgram,
    acceptedMapFile: at(policy.accepted_map_file) ?? base?.acceptedMapFile,
    acceptedMapProgram: at(policy.accepted_map_program) ?? base?.acceptedMapProgram,
    vomsAttributes:
      (policy.allow_voms_attribute_requests ?? base?.vomsAttributes !== undefined)
        ? { userConf: at(policy.vomses) ?? base?.vomsAttributes?.userConf }
        : undefined,
  };
}

function serverKeysFrom(
  sealing: NonNullable<SettingsDocument['sealing']>,
  file: string,
  at: At,
): readonly EnvelopeKeySource[] | undefined {
  const [program, ...args] = sealing.server_key_command ?? [];
  const keyFile = at(sealing.server_key_file);
  const current: EnvelopeKeySource[] = [
    ...(keyFile === undefined ? [] : [{ file: keyFile }]),
    ...(sealing.server_key_credential === undefined
      ? []
      : [{ systemdCredential: sealing.server_key_credential }]),
    ...(program === undefined ? [] : [{ command: [program, ...args] as const }]),
  ];
  if (current.length > 1) {
    throw invalid(
      file,
      'one of sealing.server_key_file, server_key_credential and server_key_command, not several',
    );
  }
  const old = (sealing.old_server_key_files ?? []).map((path) => ({ file: at(path) ?? path }));
  if (current.length === 0 && old.length > 0) {
    throw invalid(file, 'sealing.old_server_key_files needs a server key to seal with');
  }
  return current.length === 0 ? undefined : [...current, ...old];
}

function trustRootsFrom(
  wanted: string | boolean | undefined,
  trustDirectory: string | undefined,
  base: string | undefined,
  file: string,
  at: At,
): string | undefined {
  if (typeof wanted === 'string') return at(wanted);
  if (wanted === undefined) return base;
  if (!wanted) return undefined;
  if (trustDirectory === undefined)
    throw invalid(file, 'server.trust_roots = true needs server.trust_directory');
  return trustDirectory;
}

/** The text of a configuration file, at most 1 MiB. @throws LatchkeyError `config/missing`, `config/invalid` */
export async function readConfig(path: string): Promise<string> {
  let contents: Buffer;
  try {
    contents = await readFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('config/missing', `cannot read the configuration ${quote(path)}: ${why}`, {
      cause,
    });
  }
  if (contents.length > MAX_FILE_BYTES) throw invalid(path, `it has ${contents.length} bytes`);
  return contents.toString('utf8');
}

function invalid(file: string, what: string): LatchkeyError {
  return new LatchkeyError('config/invalid', `${file}: ${what}`);
}
