import {
  CREDMON_DEFAULTS,
  isEndpoint,
  isProviderName,
  type OAuthClientSettings,
  type Provider,
  usualAuthentication,
  type VaultProvider,
} from '../credmon/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import type { CredmonSection } from './settings-schema.ts';

/** What the providers of a section rest on. */
export interface ProvidersContext {
  /** Makes a path absolute. */
  readonly at: (path: string | undefined) => string | undefined;
  /** `https://` and the machine's full name. */
  readonly host: string;
  readonly allowSpecialNames: boolean;
  /** Absent = all. */
  readonly modes?: readonly Provider['mode'][] | undefined;
}

/** The providers of `[credmon]`, in the order in which they win, and who serves other names. @throws LatchkeyError `config/invalid` */
export function credmonProviders(
  section: CredmonSection,
  context: ProvidersContext,
): { readonly providers: readonly Provider[]; readonly wildcard: (name: string) => Provider | undefined } {
  const { modes, allowSpecialNames } = context;
  const isServed = (mode: Provider['mode']): boolean => modes?.includes(mode) ?? true;
  const vaultNames = section.vault?.names ?? [];
  const providers: Provider[] = [
    ...Object.entries(section.local ?? {}).map(([name, table]) => localProvider(name, table, context)),
    ...Object.entries(section.client ?? {}).map(([name, table]) => clientProvider(name, table, context)),
    ...Object.entries(section.oauth ?? {}).map(([name, table]) => oauthProvider(name, table, context)),
    ...vaultNames.map((name) => vaultProvider(name, section, context)),
    ...Object.entries(section.pelican ?? {}).map(([name, table]) => pelicanProvider(name, table, context)),
  ];
  const wrong = providers
    .map(({ name }) => name)
    .filter((name) => !isProviderName(name, { allowSpecialNames }));
  if (wrong.length > 0)
    throw new LatchkeyError(
      'config/invalid',
      `credmon: names of providers that cannot be used: ${wrong.map((name) => JSON.stringify(name)).join(', ')}`,
    );
  const isVaultWild = section.vault !== undefined && section.vault.names === undefined && isServed('vault');
  return {
    providers: providers.filter(({ mode }) => isServed(mode)),
    wildcard: (name) =>
      isVaultWild && name !== CREDMON_DEFAULTS.localProvider && isProviderName(name, { allowSpecialNames })
        ? vaultProvider(name, section, context)
        : undefined,
  };
}

type Table<Mode extends 'local' | 'oauth' | 'client' | 'pelican'> = NonNullable<CredmonSection[Mode]>[string];

function localProvider(name: string, table: Table<'local'>, { at, host }: ProvidersContext): Provider {
  return {
    mode: 'local',
    name,
    privateKeyFile: at(table.private_key) ?? CREDMON_DEFAULTS.privateKeyFile,
    publicKeyFile:
      at(table.public_key) ?? (table.private_key === undefined ? CREDMON_DEFAULTS.publicKeyFile : undefined),
    keyAlgorithm: table.algorithm ?? CREDMON_DEFAULTS.keyAlgorithm,
    keyId: table.key_id ?? CREDMON_DEFAULTS.keyId,
    issuer: table.issuer ?? host,
    authzTemplate: table.authz_template ?? CREDMON_DEFAULTS.authzTemplate,
    authzTemplateExpression: table.authz_template_expr,
    groupTemplate: table.group_template,
    groupMapFile: at(table.group_mapfile),
    groupRequirement: table.group_requirement,
    lifetimeSeconds: table.lifetime ?? CREDMON_DEFAULTS.localLifetimeSeconds,
    format: (table.json ?? true) ? 'json' : 'bare',
    audience: table.audience ?? [],
    version: table.version ?? CREDMON_DEFAULTS.version,
  };
}

function oauthProvider(name: string, table: Table<'oauth'>, context: ProvidersContext): Provider {
  const where = `credmon.oauth.${name}`;
  return {
    ...clientOf(where, table, context),
    mode: 'oauth',
    name,
    authorizationUrl: endpoint(`${where}.authorization_url`, table.authorization_url),
    deviceUrl: endpoint(`${where}.device_url`, table.device_url),
    revocationUrl: endpoint(`${where}.revocation_url`, table.revocation_url),
    returnUrlSuffix: table.return_url_suffix ?? `/return/${name}`,
    exchangePerHandle: table.exchange_per_handle ?? false,
  };
}

function clientProvider(name: string, table: Table<'client'>, context: ProvidersContext): Provider {
  return {
    ...clientOf(`credmon.client.${name}`, table, context),
    mode: 'client',
    name,
    authzTemplate: table.authz_template ?? CREDMON_DEFAULTS.authzTemplate,
    audience: table.audience ?? [],
    lifetimeSeconds: table.lifetime ?? CREDMON_DEFAULTS.clientLifetimeSeconds,
    format: (table.json ?? true) ? 'json' : 'bare',
  };
}

function vaultProvider(
  name: string,
  { vault = {} }: CredmonSection,
  { at }: ProvidersContext,
): VaultProvider {
  const minimumSeconds = vault.minimum ?? CREDMON_DEFAULTS.vaultMinimumSeconds;
  return {
    mode: 'vault',
    name,
    minimumSeconds,
    refreshSeconds: vault.refresh ?? Math.ceil(minimumSeconds / 2),
    caFile: at(vault.ca_file),
    caDirectory: at(vault.ca_directory) ?? CREDMON_DEFAULTS.vaultCaDirectory,
    trustedHosts: vault.trusted_hosts,
  };
}

function pelicanProvider(name: string, table: Table<'pelican'>, { at }: ProvidersContext): Provider {
  return {
    mode: 'pelican',
    name,
    minimumSeconds: table.minimum ?? CREDMON_DEFAULTS.pelicanMinimumSeconds,
    tokenUrl: endpoint(`credmon.pelican.${name}.token_url`, table.token_url),
    clientId: table.client_id,
    clientSecretFile: at(table.client_secret_file),
    caFile: at(table.ca_file),
    dangerouslySkipTlsVerify: table.dangerously_skip_tls_verify ?? false,
  };
}

function clientOf(
  where: string,
  table: Table<'oauth'> | Table<'client'>,
  { at }: ProvidersContext,
): OAuthClientSettings {
  const clientSecretFile = at(table.client_secret_file);
  const clientKeyFile = at(table.client_key_file);
  return {
    clientId: table.client_id,
    clientSecretFile,
    clientKeyFile,
    clientAuthentication: table.client_authentication ?? usualAuthentication(clientSecretFile, clientKeyFile),
    issuer: endpoint(`${where}.issuer`, table.issuer),
    tokenUrl: endpoint(`${where}.token_url`, table.token_url),
    caFile: at(table.ca_file),
  };
}

function endpoint(key: string, text: string | undefined): string | undefined {
  if (text === undefined || isEndpoint(text)) return text;
  throw new LatchkeyError(
    'config/invalid',
    `${key}: expected an https URL, but it is ${JSON.stringify(text)}`,
  );
}
