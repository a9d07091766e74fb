/** How the values of a key are read. */
export type ConfigValueType =
  | 'list' // one or more values, may repeat
  | 'words' // passed on as they are
  | 'text'
  | 'secret'
  | 'path'
  | 'program'
  | 'directory'
  | 'hours'
  | 'seconds'
  | 'bytes'
  | 'number'
  | 'boolean'
  | 'status'; // required, sufficient, disabled

/** One key of `myproxy-server.config`. */
export interface ConfigKey {
  readonly key: string;
  readonly type: ConfigValueType;
  /** What holds when the key is not given, in words. */
  readonly default: string;
  readonly doc: string;
  /** The newer name that this one is read as. */
  readonly alias?: string;
  /** `later`: read and kept, not honoured yet; `unused`: never has an effect on the server. Default: honoured. */
  readonly support?: 'later' | 'unused';
  /** For `later`: true when a server that leaves the key out is less strict than the operator asked for. */
  readonly weakerWithout?: boolean;
}

const NOBODY = 'nobody';
const NO_CHECK = 'no further check';
const NONE = 'none';

const LATER = { support: 'later' } as const;
const UNUSED = { support: 'unused' } as const;

/** Every key that the C server 6.2 knows, in the order of its manual page. The one source of parser, `config explain` and docs. */
export const SERVER_CONFIG_KEYS: readonly ConfigKey[] = [
  key('accepted_credentials', 'list', NOBODY, 'who may store and remove credentials'),
  key('allowed_clients', 'list', NOBODY, 'old name of accepted_credentials', {
    alias: 'accepted_credentials',
  }),
  key('authorized_retrievers', 'list', NOBODY, 'who may get proxies and trust roots'),
  key('allowed_services', 'list', NOBODY, 'old name of authorized_retrievers', {
    alias: 'authorized_retrievers',
  }),
  key(
    'default_retrievers',
    'list',
    NO_CHECK,
    'who may get proxies of credentials that name no retrievers of their own',
  ),
  key('authorized_renewers', 'list', NOBODY, 'who may get proxies by showing an existing one'),
  key('default_renewers', 'list', NO_CHECK, 'who may renew credentials that name no renewers of their own'),
  key('authorized_key_retrievers', 'list', NOBODY, 'who may retrieve private keys'),
  key(
    'default_key_retrievers',
    'list',
    NO_CHECK,
    'who may retrieve keys of credentials that name no key retrievers of their own',
  ),
  key(
    'trusted_retrievers',
    'list',
    NOBODY,
    'who may get proxies by certificate alone, without a pass phrase',
  ),
  key(
    'default_trusted_retrievers',
    'list',
    NO_CHECK,
    'who may do so for credentials that name no trusted retrievers of their own',
  ),
  key(
    'allow_self_authorization',
    'boolean',
    'false',
    'whether a credential may renew itself, or be its own trusted retriever',
  ),
  key('passphrase_policy_program', 'program', NONE, 'judges new pass phrases: exit 0 accepts'),
  key('max_proxy_lifetime', 'hours', NONE, 'cap of delegated proxies'),
  key('max_cred_lifetime', 'hours', NONE, 'cap of the remaining life of credentials that are stored'),
  key('ignore_globus_limited_proxy_flag', 'boolean', 'false', 'whether limited proxies count as full ones'),
  key(
    'check_multiple_credentials',
    'boolean',
    'false',
    "whether a GET without a name tries the user's other credentials",
  ),
  key('accepted_credentials_mapfile', 'path', NONE, 'grid-mapfile: which DN may store under which user name'),
  key('accepted_credentials_mapapp', 'program', NONE, 'called with DN and user name: exit 0 allows to store'),
  key('cert_dir', 'directory', NONE, 'its world-readable files are sent as trust roots'),
  key('request_timeout', 'seconds', '120', 'longest conversation; negative: no limit'),
  key('request_size_limit', 'bytes', '1048576', 'longest message; 0 or less: no limit'),
  key('proxy_extfile', 'path', NONE, 'OpenSSL extensions for every delegated proxy', LATER),
  key('proxy_extapp', 'program', NONE, 'prints OpenSSL extensions for a delegated proxy', LATER),
  key('syslog_ident', 'text', 'the program name', 'name in log lines'),
  key('syslog_facility', 'text', 'daemon', 'syslog facility, name or number'),
  key('slave_servers', 'words', NONE, 'replicas; read by myproxy-replicate only', UNUSED),
  key('pam', 'status', 'disabled', 'whether pass phrases are checked by PAM', LATER),
  key('pam_id', 'text', 'myproxy', 'PAM service', LATER),
  key('sasl', 'status', 'disabled', 'whether clients authenticate by SASL', LATER),
  key('sasl_mech', 'text', NONE, 'the one SASL mechanism to offer', LATER),
  key('sasl_serverFQDN', 'text', NONE, 'host name for SASL', LATER),
  key('sasl_user_realm', 'text', NONE, 'realm of SASL user names', LATER),
  key('certificate_issuer_program', 'program', NONE, 'external certificate authority', LATER),
  key('certificate_issuer_cert', 'path', NONE, 'certificate of the internal certificate authority', LATER),
  key('certificate_issuer_key', 'path', NONE, 'its key', LATER),
  key('certificate_issuer_key_passphrase', 'secret', NONE, "its key's pass phrase", LATER),
  key('certificate_issuer_subca_certfile', 'path', NONE, 'certificates appended to every issued one', LATER),
  key('certificate_issuer_hashalg', 'text', 'sha256', 'digest of issued certificates', LATER),
  key(
    'certificate_issuer_email_domain',
    'text',
    NONE,
    'domain of the e-mail name in issued certificates',
    LATER,
  ),
  key('certificate_extfile', 'path', 'a built-in set', 'OpenSSL extensions of issued certificates', LATER),
  key(
    'certificate_extapp',
    'program',
    'a built-in set',
    'prints OpenSSL extensions of an issued certificate',
    LATER,
  ),
  key(
    'certificate_mapfile',
    'path',
    '/etc/grid-security/grid-mapfile',
    'user name to subject of issued certificates',
    LATER,
  ),
  key('certificate_mapapp', 'program', NONE, 'prints the subject for a user name', LATER),
  key('certificate_request_checker', 'program', NONE, 'may veto a request', LATER),
  key('certificate_issuer_checker', 'program', NONE, 'may veto an issued certificate', LATER),
  key('certificate_serialfile', 'path', '/var/lib/myproxy/serial', 'counter of serial numbers', LATER),
  key('certificate_serial_skip', 'number', '1', 'step of serial numbers', LATER),
  key('certificate_out_dir', 'directory', NONE, 'archive of issued certificates', LATER),
  key('max_cert_lifetime', 'hours', '12', 'cap of issued certificates', LATER),
  key('min_keylen', 'number', NONE, 'smallest RSA key, in bits, that gets a certificate', LATER),
  key('certificate_openssl_engine_id', 'text', NONE, 'OpenSSL engine that signs', LATER),
  key('certificate_openssl_engine_pre', 'words', NONE, 'engine commands before it is loaded', LATER),
  key('certificate_openssl_engine_post', 'words', NONE, 'engine commands after it is loaded', LATER),
  key('certificate_openssl_engine_lockfile', 'path', NONE, 'held while the engine is in use', LATER),
  key('ca_ldap_server', 'text', NONE, 'LDAP server that knows the subjects of users', LATER),
  key('ca_ldap_uid_attribute', 'text', NONE, 'attribute that holds the user name', LATER),
  key('ca_ldap_searchbase', 'text', NONE, 'where to search', LATER),
  key('ca_ldap_dn_attribute', 'text', "the entry's own name", 'attribute that holds the subject', LATER),
  key('ca_ldap_connect_dn', 'text', NONE, 'name to bind as', LATER),
  key('ca_ldap_connect_passphrase', 'secret', NONE, 'password to bind with', LATER),
  key('ca_ldap_start_tls', 'boolean', 'false', 'whether LDAP goes through TLS', LATER),
  key('ocsp_policy', 'text', 'off', 'aia: ask the responder that a certificate names', {
    support: 'later',
    weakerWithout: true,
  }),
  key('ocsp_responder_url', 'text', NONE, 'OCSP responder to ask', { support: 'later', weakerWithout: true }),
  key('ocsp_responder_cert', 'path', NONE, 'certificate that the responder signs with', LATER),
  key('voms_userconf', 'path', '$VOMS_USERCONF', 'file or directory that names the VOMS servers'),
  key(
    'allow_voms_attribute_requests',
    'boolean',
    'false',
    'whether clients may ask for VOMS attributes in their proxies',
  ),
  key('disable_usage_stats', 'words', NONE, 'usage statistics no longer exist', UNUSED),
  key('usage_stats_target', 'words', NONE, 'usage statistics no longer exist', UNUSED),
];

/** Types whose keys take any number of values; all others take exactly one. */
export function takesMany(type: ConfigValueType): boolean {
  return type === 'list' || type === 'words';
}

function key(
  name: string,
  type: ConfigValueType,
  byDefault: string,
  doc: string,
  more: Pick<ConfigKey, 'alias' | 'support' | 'weakerWithout'> = {},
): ConfigKey {
  return { key: name, type, default: byDefault, doc, ...more };
}
