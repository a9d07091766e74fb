import type { Pool } from './pool.ts';

/** Keys of HTCondor's configuration. */
export type ConfigKeys = Readonly<Record<string, string | number | boolean>>;

/** The pool's configuration as an administrator writes it, one file. */
export function condorConfig(pool: Pool, program: string, more: ConfigKeys = {}): string {
  const keys: Record<string, string | number | boolean> = {
    LOG: pool.logDirectory,
    SEC_CREDENTIAL_DIRECTORY_OAUTH: pool.directory,
    CREDMON_OAUTH: program,
    CREDMON_OAUTH_LOG: '$(LOG)/CredMonOAuthLog',
    CREDMON_WEB_PREFIX: pool.webPrefix,
    TRUST_CREDENTIAL_DIRECTORY: pool.trustCredentialDirectory,
    SEC_CREDENTIAL_REFRESH: Math.max(1, Math.ceil(pool.paces.sandboxRefreshMs / 1000)),
    SEC_CREDENTIAL_SWEEP_DELAY: Math.ceil(pool.paces.sweepDelayMs / 1000),
    LOCAL_CREDMON_PROVIDER_NAMES: pool.localProviders.join(', '),
    CLIENT_CREDMON_PROVIDER_NAMES: pool.clientProviders.join(', '),
    OAUTH2_CREDMON_PROVIDER_NAMES: pool.oauthProviders.join(', '),
    VAULT_CREDMON_PROVIDER_NAMES: pool.vaultProviders.join(', '),
    ...Object.fromEntries(
      Object.entries(pool.webClients).flatMap(([name, client]) => [
        [`${name}_CLIENT_ID`, client.clientId],
        [`${name}_CLIENT_SECRET_FILE`, client.clientSecretFile],
        [`${name}_RETURN_URL_SUFFIX`, client.returnUrlSuffix],
        [`${name}_AUTHORIZATION_URL`, client.authorizationUrl],
        [`${name}_TOKEN_URL`, client.tokenUrl],
      ]),
    ),
    ...more,
  };
  return [
    '# The configuration of a simulated access point.',
    ...Object.entries(keys)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n');
}
