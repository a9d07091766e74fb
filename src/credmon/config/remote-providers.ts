import type {
  ClientProvider,
  OAuthClientSettings,
  OAuthProvider,
  PelicanProvider,
  VaultProvider,
} from '../settings.ts';
import { BUILT_IN_ENDPOINTS, CREDMON_DEFAULTS, RANGES } from './defaults.ts';
import type { KeyReader } from './key-reader.ts';
import { wordsOf } from './local-provider.ts';

const AUTHENTICATIONS = ['client_secret_post', 'client_secret_basic', 'private_key_jwt', 'none'] as const;

/** A provider that users log in at; undefined without `<P>_CLIENT_ID`: then the monitor leaves its files alone. */
export function readOAuthProvider(name: string, read: KeyReader): OAuthProvider | undefined {
  const client = readClient(`${name}_`, read);
  if (client === undefined) return undefined;
  const key = name.toUpperCase();
  const known = Object.hasOwn(BUILT_IN_ENDPOINTS, key) ? BUILT_IN_ENDPOINTS[key] : undefined;
  const isIssuerGiven = client.issuer !== undefined;
  return {
    ...client,
    mode: 'oauth',
    name,
    authorizationUrl: client.authorizationUrl ?? (isIssuerGiven ? undefined : known?.authorizationUrl),
    tokenUrl: client.tokenUrl ?? (isIssuerGiven ? undefined : known?.tokenUrl),
    returnUrlSuffix: read.text(`${name}_RETURN_URL_SUFFIX`) ?? `/return/${name}`,
    exchangePerHandle: read.boolean(`${name}_EXCHANGE_PER_HANDLE`) ?? false,
  };
}

/** Client credentials of the provider; undefined without `CLIENT_CREDMON_<P>_CLIENT_ID`. */
export function readClientProvider(name: string, read: KeyReader): ClientProvider | undefined {
  const prefix = `CLIENT_CREDMON_${name}_`;
  const client = readClient(prefix, read);
  if (client === undefined) return undefined;
  // Upstream takes what its own prefix does not say from the local issuer's keys.
  const names = (key: string): readonly string[] => [
    `${prefix}${key}`,
    `CLIENT_CREDMON_${key}`,
    `LOCAL_CREDMON_${name}_${key}`,
    `LOCAL_CREDMON_${key}`,
  ];
  return {
    ...client,
    issuer: client.issuer ?? read.url(...names('ISSUER')),
    mode: 'client',
    name,
    authzTemplate: read.text(...names('AUTHZ_TEMPLATE')) ?? CREDMON_DEFAULTS.authzTemplate,
    audience: wordsOf(read.text(...names('TOKEN_AUDIENCE'))),
    lifetimeSeconds:
      read.integer(RANGES.lifetime, ...names('TOKEN_LIFETIME')) ?? CREDMON_DEFAULTS.clientLifetimeSeconds,
    format: (read.boolean(...names('TOKEN_USE_JSON')) ?? true) ? 'json' : 'bare',
  };
}

/** The Vault settings are the same for all names. */
export function readVaultProvider(name: string, read: KeyReader): VaultProvider {
  const minimumSeconds =
    read.integer(RANGES.seconds, 'CREDMON_OAUTH_TOKEN_MINIMUM') ?? CREDMON_DEFAULTS.vaultMinimumSeconds;
  return {
    mode: 'vault',
    name,
    minimumSeconds,
    refreshSeconds:
      read.integer(RANGES.seconds, 'CREDMON_OAUTH_TOKEN_REFRESH') ?? Math.ceil(minimumSeconds / 2),
    caFile: read.path('AUTH_SSL_CLIENT_CAFILE'),
    caDirectory: read.path('AUTH_SSL_CLIENT_CADIR') ?? CREDMON_DEFAULTS.vaultCaDirectory,
    trustedHosts: read.list('TRUSTED_VAULT_HOSTS'),
  };
}

export function readPelicanProvider(name: string, read: KeyReader): PelicanProvider {
  return {
    mode: 'pelican',
    name,
    minimumSeconds:
      read.integer(RANGES.seconds, 'CREDMON_OAUTH_TOKEN_MINIMUM') ?? CREDMON_DEFAULTS.pelicanMinimumSeconds,
    tokenUrl: read.url(`${name}_PELICAN_TOKEN_URL`),
    clientId: read.text(`${name}_PELICAN_CLIENT_ID`),
    clientSecretFile: read.path(`${name}_PELICAN_CLIENT_SECRET_FILE`),
    caFile: read.path('PELICAN_CREDMON_CA_FILE'),
    dangerouslySkipTlsVerify: read.boolean('PELICAN_CREDMON_TLS_SKIP_VERIFY') ?? false,
  };
}

function readClient(prefix: string, read: KeyReader): OAuthClientSettings | undefined {
  const clientId = read.text(`${prefix}CLIENT_ID`);
  if (clientId === undefined) return undefined;
  const clientSecretFile = read.path(`${prefix}CLIENT_SECRET_FILE`);
  const clientKeyFile = read.path(`${prefix}CLIENT_KEY_FILE`);
  return {
    clientId,
    clientSecretFile,
    clientKeyFile,
    clientAuthentication:
      read.choice(AUTHENTICATIONS, `${prefix}CLIENT_AUTHENTICATION`) ??
      usualAuthentication(clientSecretFile, clientKeyFile),
    issuer: read.url(`${prefix}ISSUER`),
    authorizationUrl: read.url(`${prefix}AUTHORIZATION_URL`),
    tokenUrl: read.url(`${prefix}TOKEN_URL`),
    deviceUrl: read.url(`${prefix}DEVICE_URL`),
    revocationUrl: read.url(`${prefix}REVOCATION_URL`),
    caFile: read.path(`${prefix}CA_FILE`),
  };
}

/** What a client does that was told only which files it has; with a secret, what upstream does. */
export function usualAuthentication(
  secretFile: string | undefined,
  keyFile: string | undefined,
): OAuthClientSettings['clientAuthentication'] {
  if (keyFile !== undefined) return 'private_key_jwt';
  return secretFile === undefined ? 'none' : 'client_secret_post';
}
