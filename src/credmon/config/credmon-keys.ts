import { CREDMON_DEFAULTS } from './defaults.ts';

/** One key of HTCondor's configuration that a monitor reads. */
export interface CredmonKey {
  /** `<P>` stands for a provider's name, `<NAME>` for the daemon's. */
  readonly key: string;
  /** The same in `latchkey.toml`, below `[credmon]`; absent = HTCondor's only. */
  readonly toml?: string | undefined;
  /** In words. */
  readonly default: string;
  readonly doc: string;
  /** True for those that upstream does not know. */
  readonly isOurs?: boolean | undefined;
  /** `LOCAL_CREDMON_<P>_<K>` wins over `LOCAL_CREDMON_<K>`. */
  readonly isPerProvider?: boolean | undefined;
}

const D = CREDMON_DEFAULTS;
const NONE = 'none';
const OURS = { isOurs: true } as const;
const BOTH = { isPerProvider: true } as const;

/** Every key, in the order of the page about them; the one source of that page, of misspelling hints and of `latchkey.toml`'s names. */
export const CREDMON_KEYS: Readonly<Record<string, readonly CredmonKey[]>> = {
  'The monitor': [
    key(
      'SEC_CREDENTIAL_DIRECTORY_OAUTH',
      'directory',
      'required',
      'the credential directory; `SEC_CREDENTIAL_DIRECTORY` is read when it is not set',
    ),
    key(
      'LATCHKEY_CREDMON_STATE',
      'state',
      NONE,
      'a directory of our own (0700, outside the credential directory) for journal, sealing key, audit and control socket',
      OURS,
    ),
    key(
      'LATCHKEY_CREDMON_SEAL',
      'seal',
      'true with a state directory',
      'refresh tokens in `.top` are sealed; `latchkey credmon unseal` before switching back',
      OURS,
    ),
    key('LATCHKEY_CREDMON_SCAN', 'scan', `${D.scanSeconds}`, 'seconds between full passes', OURS),
    key(
      'LATCHKEY_CREDMON_PARALLEL',
      'parallel',
      `${D.maxParallelRequests}`,
      'most requests to other machines at one moment',
      OURS,
    ),
    key('LATCHKEY_CREDMON_TIMEOUT', 'timeout', `${D.requestTimeoutSeconds}`, 'seconds for one request', OURS),
    key(
      'CREDMON_WEB_PREFIX',
      'web_prefix',
      '`https://` and the full host name',
      'the address that users are sent to, and providers back to; without final slash',
    ),
    key(
      'CREDMON_ALLOW_SPECIAL_CHAR_NAMES',
      'allow_special_names',
      'false',
      'true: `_ . + =` may be in providers’ names, which are then exact, without handles',
    ),
    key(
      'SEC_CREDENTIAL_REFRESH',
      'sandbox_refresh',
      `${D.sandboxRefreshSeconds}`,
      'seconds until a running job sees a new token; part of the margin of renewal',
    ),
    key(
      '<NAME>_LOG',
      'log.file',
      '`$(LOG)/CredmonOauthLog`',
      'the log; the template `FEATURE:OAUTH` sets `$(LOG)/CredMonOAuthLog`',
    ),
    key(
      'MAX_<NAME>_LOG',
      'log.max_bytes',
      '10 Mb',
      'size at which the log is put aside; `MAX_DEFAULT_LOG` is read when it is not set',
    ),
    key('MAX_NUM_<NAME>_LOG', 'log.max_files', `${D.logFiles}`, 'how many logs put aside are kept'),
    key(
      '<NAME>_DEBUG',
      'log.verbose',
      'false',
      '`D_FULLDEBUG` says more; `ALL_DEBUG` and `DEFAULT_DEBUG` count too',
    ),
  ],
  'The web page: `[credmon.web]`': [
    key(
      'LATCHKEY_WEB_LISTEN',
      'listen',
      NONE,
      '`ADDRESS:PORT` or `unix:/PATH`; a page is served only when this is set',
      OURS,
    ),
    key(
      'LATCHKEY_WEB_CERTIFICATE',
      'certificate',
      NONE,
      'PEM file; without it the page speaks plain HTTP, to this machine only',
      OURS,
    ),
    key('LATCHKEY_WEB_KEY', 'key', 'the file of the certificate', 'PEM file', OURS),
    key(
      'LATCHKEY_WEB_BEHIND_PROXY',
      'behind_proxy',
      'false',
      'the last address of `X-Forwarded-For` is the browser’s',
      OURS,
    ),
    key(
      'LATCHKEY_WEB_DEMAND_PROOF',
      'demand_proof',
      'false',
      'logins are stored only with a code of `latchkey web code`',
      OURS,
    ),
    key('LATCHKEY_WEB_OPERATORS', 'operators', '`root`', 'local users who see everybody’s credentials', OURS),
    key(
      'LATCHKEY_WEB_SIGN_IN_DIRECTORY',
      'sign_in_directory',
      '`/run/latchkey/sign-in`',
      'where `latchkey web code` leaves its proofs; made with mode 1733',
      OURS,
    ),
    key(
      'LATCHKEY_WEB_MYPROXY_STORAGE',
      'myproxy_storage',
      NONE,
      'storage directory of a MyProxy server here, whose credentials are shown too',
      OURS,
    ),
  ],
  'Who is told how it does: `[credmon.told]`': [
    key(
      'LATCHKEY_CREDMON_STATUS_LISTEN',
      'status_listen',
      NONE,
      '`ADDRESS:PORT` for `/healthz`, `/readyz` and `/metrics`, in plain HTTP; they are on the web page too',
      OURS,
    ),
    key(
      'LATCHKEY_CREDMON_HOOK_COMMAND',
      'hook_command',
      NONE,
      'absolute path of a program, with arguments, that gets events on standard input, one JSON line each',
      OURS,
    ),
    key('LATCHKEY_CREDMON_HOOK_URL', 'hook_url', NONE, 'https address that gets events by POST', OURS),
    key(
      'LATCHKEY_CREDMON_HOOK_TOKEN_FILE',
      'hook_token_file',
      NONE,
      'file whose first line goes with it as a bearer token',
      OURS,
    ),
    key(
      'LATCHKEY_CREDMON_HOOK_CA_FILE',
      'hook_ca_file',
      NONE,
      'PEM certificates trusted for it besides the machine’s',
      OURS,
    ),
    key(
      'LATCHKEY_CREDMON_HOOK_ON',
      'hook_on',
      '`failed` and `expiring`',
      'which events: `renewed`, `failed`, `expiring`',
      OURS,
    ),
    key('LATCHKEY_CREDMON_HOOK_TIMEOUT', 'hook_timeout', '30', 'seconds for one delivery', OURS),
  ],
  'Which provider serves a name': [
    key(
      'LOCAL_CREDMON_PROVIDER_NAMES',
      undefined,
      `\`LOCAL_CREDMON_PROVIDER_NAME\`, else \`${D.localProvider}\``,
      'local issuers',
    ),
    key('LOCAL_CREDMON_PROVIDER_NAME', undefined, `\`${D.localProvider}\``, 'the older form, one name'),
    key('CLIENT_CREDMON_PROVIDER_NAMES', undefined, NONE, 'client credentials'),
    key(
      'OAUTH2_CREDMON_PROVIDER_NAMES',
      undefined,
      '`*`',
      'users log in; `*` = every name with a `<P>_CLIENT_ID`',
    ),
    key(
      'VAULT_CREDMON_PROVIDER_NAMES',
      undefined,
      '`*`',
      'tokens out of a Vault; `*` = every name that nothing else serves',
    ),
    key('PELICAN_CREDMON_PROVIDER_NAMES', undefined, NONE, 'Pelican federations'),
  ],
  'Local issuers: `[credmon.local.<P>]`': [
    local(
      'PRIVATE_KEY',
      'private_key',
      `\`${D.privateKeyFile}\``,
      'PEM file; made at the first start, with the public one, when neither is there',
    ),
    local(
      'PUBLIC_KEY',
      'public_key',
      `\`${D.publicKeyFile}\``,
      'PEM file, made with the private key; nothing reads it here: keys are published from the private one',
    ),
    local(
      'PRIVATE_KEY_ALGORITHM',
      'algorithm',
      D.keyAlgorithm,
      '`ES256`, `RS256`, and `EdDSA` where verifiers know it',
    ),
    local('KEY_ID', 'key_id', `\`${D.keyId}\``, '`kid` of tokens and of the published key'),
    local(
      'ISSUER',
      'issuer',
      '`https://` and the full host name',
      '`iss` of tokens; verifiers look for keys there',
    ),
    local('AUTHZ_TEMPLATE', 'authz_template', `\`${D.authzTemplate}\``, 'scopes; `{username}` is replaced'),
    local(
      'AUTHZ_TEMPLATE_EXPR',
      'authz_template_expr',
      NONE,
      'a ClassAd expression of `Username` whose string is added; see below',
    ),
    local(
      'AUTHZ_GROUP_TEMPLATE',
      'group_template',
      NONE,
      'scopes, once for each group of the user; `{groupname}` is replaced',
    ),
    local(
      'AUTHZ_GROUP_MAPFILE',
      'group_mapfile',
      NONE,
      'lines `* <user> <group>,<group>`; the first for a user decides; read at every use',
    ),
    local(
      'AUTHZ_GROUP_REQUIREMENT',
      'group_requirement',
      NONE,
      'name of a group that a user must be in; others get an empty token, as upstream gives, and a reason in the log',
    ),
    local('TOKEN_LIFETIME', 'lifetime', `${D.localLifetimeSeconds}`, 'seconds'),
    local('TOKEN_USE_JSON', 'json', 'true', 'false: the bare token and a line end'),
    local(
      'TOKEN_AUDIENCE',
      'audience',
      NONE,
      'separated by blanks (a list in TOML); needed by `scitoken:2.0` and `wlcg`',
    ),
    local(
      'TOKEN_VERSION',
      'version',
      `\`${D.version}\``,
      '`scitoken:2.0`, `wlcg:1.0`, or given as nothing for SciTokens 1.0',
    ),
  ],
  'Users log in: `[credmon.oauth.<P>]`': [
    key('<P>_CLIENT_ID', 'client_id', 'required', 'without it the files of the name are left alone'),
    key(
      '<P>_CLIENT_SECRET_FILE',
      'client_secret_file',
      NONE,
      'root 0600; read at every use, so it can be changed; what comes after the first control character is cut off',
    ),
    key(
      '<P>_CLIENT_AUTHENTICATION',
      'client_authentication',
      '`client_secret_post` with a secret file, `private_key_jwt` with a key file, else `none`',
      'also `client_secret_basic`',
      OURS,
    ),
    key('<P>_CLIENT_KEY_FILE', 'client_key_file', NONE, 'PEM private key for `private_key_jwt`', OURS),
    key('<P>_ISSUER', 'issuer', NONE, 'endpoints that are not given come from its discovery document', OURS),
    key(
      '<P>_AUTHORIZATION_URL',
      'authorization_url',
      'built in for BOX, GDRIVE, ONEDRIVE, DROPBOX',
      'where users log in',
    ),
    key('<P>_TOKEN_URL', 'token_url', 'built in for the same', 'where tokens come from'),
    key('<P>_DEVICE_URL', 'device_url', NONE, 'device authorization (RFC 8628)', OURS),
    key('<P>_REVOCATION_URL', 'revocation_url', NONE, 'revocation (RFC 7009)', OURS),
    key(
      '<P>_RETURN_URL_SUFFIX',
      'return_url_suffix',
      '`/return/<P>`',
      'path of the redirect URI below the web prefix',
    ),
    key('<P>_CA_FILE', 'ca_file', NONE, 'PEM authorities trusted besides the system’s', OURS),
    key(
      '<P>_EXCHANGE_PER_HANDLE',
      'exchange_per_handle',
      'false',
      'exchange the token for one with the scopes of the handle (RFC 8693)',
      OURS,
    ),
  ],
  'Client credentials: `[credmon.client.<P>]`': [
    key('CLIENT_CREDMON_<P>_CLIENT_ID', 'client_id', 'required', 'the client'),
    key('CLIENT_CREDMON_<P>_CLIENT_SECRET_FILE', 'client_secret_file', NONE, 'as above'),
    key(
      'CLIENT_CREDMON_<P>_CLIENT_AUTHENTICATION',
      'client_authentication',
      'as above, without `none`',
      'as above',
      OURS,
    ),
    key('CLIENT_CREDMON_<P>_CLIENT_KEY_FILE', 'client_key_file', NONE, 'as above', OURS),
    key(
      'CLIENT_CREDMON_<P>_ISSUER',
      'issuer',
      '`LOCAL_CREDMON_<P>_ISSUER`, `LOCAL_CREDMON_ISSUER`',
      'where to look for the token endpoint',
    ),
    key('CLIENT_CREDMON_<P>_TOKEN_URL', 'token_url', 'by discovery', 'where tokens come from'),
    key('CLIENT_CREDMON_<P>_CA_FILE', 'ca_file', NONE, 'as above', OURS),
    key(
      'CLIENT_CREDMON_<P>_AUTHZ_TEMPLATE',
      'authz_template',
      '`LOCAL_CREDMON_<P>_AUTHZ_TEMPLATE`, `LOCAL_CREDMON_AUTHZ_TEMPLATE`, the default there',
      'scopes asked for; `{username}` is replaced',
    ),
    key('CLIENT_CREDMON_<P>_TOKEN_AUDIENCE', 'audience', 'the local issuers’', 'audiences asked for'),
    key(
      'CLIENT_CREDMON_<P>_TOKEN_LIFETIME',
      'lifetime',
      `the local issuers’, else ${D.clientLifetimeSeconds}`,
      'seconds, when the server does not say',
    ),
    key('CLIENT_CREDMON_<P>_TOKEN_USE_JSON', 'json', 'the local issuers’', 'as there'),
  ],
  'Vault: `[credmon.vault]`': [
    key(
      'CREDMON_OAUTH_TOKEN_MINIMUM',
      'minimum',
      `${D.vaultMinimumSeconds}`,
      `least life asked for, seconds; for Pelican ${D.pelicanMinimumSeconds} when it is not set`,
    ),
    key('CREDMON_OAUTH_TOKEN_REFRESH', 'refresh', 'half of that', 'seconds between renewals'),
    key('AUTH_SSL_CLIENT_CAFILE', 'ca_file', 'the system’s', 'PEM authorities'),
    key('AUTH_SSL_CLIENT_CADIR', 'ca_directory', `\`${D.vaultCaDirectory}\``, 'a directory of them'),
    key('TRUSTED_VAULT_HOSTS', 'trusted_hosts', 'any', 'hosts that a `vault_url` may name'),
  ],
  'Pelican: `[credmon.pelican.<P>]`': [
    key('<P>_PELICAN_TOKEN_URL', 'token_url', 'by discovery', 'where tokens are exchanged'),
    key('<P>_PELICAN_CLIENT_ID', 'client_id', NONE, 'the client'),
    key('<P>_PELICAN_CLIENT_SECRET_FILE', 'client_secret_file', NONE, 'its secret'),
    key('PELICAN_CREDMON_CA_FILE', 'ca_file', 'the system’s', 'PEM authorities'),
    key(
      'PELICAN_CREDMON_TLS_SKIP_VERIFY',
      'dangerously_skip_tls_verify',
      'false',
      'true: the server is not verified',
    ),
  ],
};

/** Keys near the ones above that other parts of HTCondor, or older monitors, read. */
export const OTHER_KEYS: readonly string[] = [
  'SEC_CREDENTIAL_DIRECTORY',
  'SEC_CREDENTIAL_DIRECTORY_KRB',
  'SEC_CREDENTIAL_MONITOR',
  'SEC_CREDENTIAL_MONITOR_LOG',
  'SEC_CREDENTIAL_MONITOR_OAUTH_LOG',
  'SEC_CREDENTIAL_MONITOR_OAUTH_LOG_LEVEL',
  'SEC_CREDENTIAL_PRODUCER',
  'SEC_CREDENTIAL_STORER',
  'SEC_CREDENTIAL_STORECRED_OPTS',
  'SEC_CREDENTIAL_GETTOKEN_OPTS',
  'SEC_CREDENTIAL_VAULT_STORER_OPTS',
  'SEC_CREDENTIAL_SWEEP_DELAY',
  'SEC_CREDENTIAL_SWEEP_INTERVAL',
  'SEC_CREDENTIAL_REFRESH_INTERVAL',
  'CREDMON_OAUTH_TOKEN_LIFETIME',
  'LOCAL_CREDMON_KRB_MODE',
];

/** Second halves of `<P>_…` keys that condor_submit or samples use. */
export const OTHER_PROVIDER_KEYS: readonly string[] = [
  'USER_URL',
  'USER_DEFINE_SCOPES',
  'USER_DEFINE_AUDIENCE',
  'USER_DEFINE_OPTIONS',
  'DEFAULT_SCOPES',
  'DEFAULT_AUDIENCE',
  'DEFAULT_OPTIONS',
];

function key(
  name: string,
  toml: string | undefined,
  fallback: string,
  doc: string,
  more: Pick<CredmonKey, 'isOurs' | 'isPerProvider'> = {},
): CredmonKey {
  return { key: name, toml, default: fallback, doc, ...more };
}

function local(name: string, toml: string, fallback: string, doc: string): CredmonKey {
  return key(`LOCAL_CREDMON_${name}`, toml, fallback, doc, BOTH);
}
