import { readFile } from 'node:fs/promises';
import { loadSettings, type ServerSettings } from '../../daemon/index.ts';
import { parseServerConfig } from '../../myproxy/index.ts';
import type { Command } from './command.ts';
import { configFile, storageOf } from './config-file.ts';

/** One value in force. */
interface Row {
  /** As `latchkey.toml` calls it: `policy.accepted_credentials`. */
  readonly key: string;
  readonly value: unknown;
}

/** `latchkey config show [FILE]`: every value in force, as `latchkey.toml` calls it, with `--origin` where it comes from. */
export const configShow: Command = async (invocation) => {
  const file = await configFile(invocation, 0);
  const settings = await loadSettings(file, storageOf(invocation));
  const origins = await originsOf(file, settings);
  const rows = rowsOf(settings).map((row) => ({ ...row, origin: origins.get(row.key) ?? 'default' }));
  const isShown = invocation.given.flag('origin');
  const texts = rows.map(({ key, value }) => `${key} = ${valueText(value)}`);
  const column = Math.min(70, Math.max(...texts.map((text) => text.length))) + 2;
  return {
    json: {
      file,
      settings: Object.fromEntries(
        rows.map(({ key, value, origin }) => [
          key,
          isShown ? { value: value ?? null, origin } : (value ?? null),
        ]),
      ),
    },
    lines: texts.map((text, index) => (isShown ? `${text.padEnd(column)}# ${rows[index]?.origin}` : text)),
  };
};

function rowsOf({ listen, credential, policy, limits, sealing, log, ...rest }: ServerSettings): Row[] {
  const { access } = policy;
  const hours = (seconds: number | undefined): number | undefined =>
    seconds === undefined ? undefined : seconds / 3600;
  return [
    { key: 'server.listen', value: listen.host },
    { key: 'server.port', value: listen.port },
    { key: 'server.min_tls', value: listen.minTls.slice(-3) },
    { key: 'server.max_tls', value: listen.maxTls.slice(-3) },
    { key: 'server.certificate', value: credential.certificate },
    { key: 'server.key', value: credential.key },
    { key: 'server.trust_directory', value: rest.trustDirectory },
    { key: 'server.voms_directory', value: rest.vomsDirectory },
    { key: 'server.trust_roots', value: rest.trustRoots },
    { key: 'server.storage', value: rest.storage },
    { key: 'policy.accepted_credentials', value: access.acceptedCredentials },
    { key: 'policy.authorized_retrievers', value: access.authorizedRetrievers },
    { key: 'policy.default_retrievers', value: access.defaultRetrievers },
    { key: 'policy.authorized_renewers', value: access.authorizedRenewers },
    { key: 'policy.default_renewers', value: access.defaultRenewers },
    { key: 'policy.authorized_key_retrievers', value: access.authorizedKeyRetrievers },
    { key: 'policy.default_key_retrievers', value: access.defaultKeyRetrievers },
    { key: 'policy.trusted_retrievers', value: access.trustedRetrievers },
    { key: 'policy.default_trusted_retrievers', value: access.defaultTrustedRetrievers },
    { key: 'policy.allow_self_authorization', value: access.allowSelfAuthorization },
    { key: 'policy.check_multiple_credentials', value: policy.checkMultipleCredentials },
    { key: 'policy.allow_voms_attribute_requests', value: policy.vomsAttributes !== undefined },
    { key: 'policy.vomses', value: policy.vomsAttributes?.userConf },
    { key: 'policy.dangerously_ignore_limited_proxies', value: policy.ignoreLimitedProxies },
    { key: 'policy.max_proxy_lifetime_hours', value: hours(policy.maxProxyLifetimeSeconds) },
    { key: 'policy.max_credential_lifetime_hours', value: hours(policy.maxCredentialLifetimeSeconds) },
    { key: 'policy.pass_phrase_program', value: policy.passPhrasePolicyProgram },
    { key: 'policy.accepted_map_file', value: policy.acceptedMapFile },
    { key: 'policy.accepted_map_program', value: policy.acceptedMapProgram },
    { key: 'limits.request_timeout', value: limits.requestTimeoutSeconds },
    { key: 'limits.request_size', value: limits.requestSizeBytes },
    { key: 'limits.max_connections', value: limits.maxConnections },
    { key: 'limits.max_connections_per_address', value: limits.maxConnectionsPerAddress },
    { key: 'sealing.remember', value: sealing.rememberSeconds },
    { key: 'sealing.reseal_old_keys', value: sealing.resealOldKeys },
    { key: 'audit.file', value: rest.auditFile },
    { key: 'log.file', value: log.file },
    { key: 'log.format', value: log.format },
    { key: 'log.level', value: log.level },
  ];
}

/** Where a value was said: file and line. What is not in the map is a default. */
async function originsOf(file: string, settings: ServerSettings): Promise<Map<string, string>> {
  const origins = new Map<string, string>();
  const legacyFiles = file.endsWith('.toml') ? (settings.alsoRead ?? []) : [file];
  for (const legacy of legacyFiles) {
    for (const { key, line } of parseServerConfig(await readFile(legacy, 'utf8')).settings) {
      const own = LEGACY_NAMES[key] ?? `policy.${key}`;
      origins.set(own, `${legacy}:${line}`);
    }
  }
  if (file.endsWith('.toml')) {
    // The strict reader has made sure that it is TOML with known keys: finding their lines needs no parser.
    let section = '';
    const lines = (await readFile(file, 'utf8')).split('\n');
    lines.forEach((text, index) => {
      section = /^\s*\[\s*([\w-]+)\s*\]/.exec(text)?.[1] ?? section;
      const key = /^\s*([\w-]+)\s*=/.exec(text)?.[1];
      if (key !== undefined) origins.set(`${section}.${key}`, `${file}:${index + 1}`);
    });
  }
  return origins;
}

/** Keys of `myproxy-server.config` that have another name or place in `latchkey.toml`. */
const LEGACY_NAMES: Readonly<Record<string, string>> = {
  max_proxy_lifetime: 'policy.max_proxy_lifetime_hours',
  max_cred_lifetime: 'policy.max_credential_lifetime_hours',
  ignore_globus_limited_proxy_flag: 'policy.dangerously_ignore_limited_proxies',
  passphrase_policy_program: 'policy.pass_phrase_program',
  accepted_credentials_mapfile: 'policy.accepted_map_file',
  accepted_credentials_mapapp: 'policy.accepted_map_program',
  cert_dir: 'server.trust_roots',
  request_timeout: 'limits.request_timeout',
  request_size_limit: 'limits.request_size',
};

function valueText(value: unknown): string {
  return value === undefined ? '(not set)' : JSON.stringify(value);
}
