/** How the values of a key are read. */
export type ConfigValueType =
  | 'list' // one or more values, may repeat
  | 'words' // passed on as they are
  | 'text'
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

/** Every key that the C server 6.2 knows, in the order of its manual page. The one source of parser, `config explain` and docs. */
export const SERVER_CONFIG_KEYS: readonly ConfigKey[] = [
  {
    key: 'accepted_credentials',
    type: 'list',
    default: NOBODY,
    doc: 'who may store, change and remove credentials',
  },
  {
    key: 'allowed_clients',
    type: 'list',
    default: NOBODY,
    doc: 'old name of accepted_credentials',
    alias: 'accepted_credentials',
  },
  { key: 'authorized_retrievers', type: 'list', default: NOBODY, doc: 'who may get proxies and trust roots' },
  {
    key: 'allowed_services',
    type: 'list',
    default: NOBODY,
    doc: 'old name of authorized_retrievers',
    alias: 'authorized_retrievers',
  },
  {
    key: 'default_retrievers',
    type: 'list',
    default: NO_CHECK,
    doc: 'who may get proxies of credentials that name no retrievers of their own',
  },
  {
    key: 'authorized_renewers',
    type: 'list',
    default: NOBODY,
    doc: 'who may get proxies by showing an existing one',
  },
  {
    key: 'default_renewers',
    type: 'list',
    default: NO_CHECK,
    doc: 'who may renew credentials that name no renewers of their own',
  },
  { key: 'authorized_key_retrievers', type: 'list', default: NOBODY, doc: 'who may retrieve private keys' },
  {
    key: 'default_key_retrievers',
    type: 'list',
    default: NO_CHECK,
    doc: 'who may retrieve keys of credentials that name no key retrievers of their own',
  },
  {
    key: 'trusted_retrievers',
    type: 'list',
    default: NOBODY,
    doc: 'who may get proxies by certificate alone, without a pass phrase',
  },
  {
    key: 'default_trusted_retrievers',
    type: 'list',
    default: NO_CHECK,
    doc: 'who may do so for credentials that name no trusted retrievers of their own',
  },
  {
    key: 'allow_self_authorization',
    type: 'boolean',
    default: 'false',
    doc: 'whether a credential may renew itself, or be its own trusted retriever',
  },
  {
    key: 'passphrase_policy_program',
    type: 'program',
    default: NONE,
    doc: 'judges new pass phrases: exit 0 accepts',
  },
  { key: 'max_proxy_lifetime', type: 'hours', default: NONE, doc: 'cap of delegated proxies' },
  {
    key: 'max_cred_lifetime',
    type: 'hours',
    default: NONE,
    doc: 'cap of the remaining life of credentials that are stored',
  },
  {
    key: 'ignore_globus_limited_proxy_flag',
    type: 'boolean',
    default: 'false',
    doc: 'whether limited proxies count as full ones',
  },
  {
    key: 'check_multiple_credentials',
    type: 'boolean',
    default: 'false',
    doc: "whether a GET without a name tries the user's other credentials",
  },
  {
    key: 'accepted_credentials_mapfile',
    type: 'path',
    default: NONE,
    doc: 'grid-mapfile: which DN may store under which user name',
  },
  {
    key: 'accepted_credentials_mapapp',
    type: 'program',
    default: NONE,
    doc: 'called with DN and user name: exit 0 allows to store',
  },
  {
    key: 'cert_dir',
    type: 'directory',
    default: NONE,
    doc: 'its world-readable files are sent as trust roots',
  },
  {
    key: 'request_timeout',
    type: 'seconds',
    default: '120',
    doc: 'longest conversation; negative: no limit',
  },
  {
    key: 'request_size_limit',
    type: 'bytes',
    default: '1048576',
    doc: 'longest message; 0 or less: no limit',
  },
  {
    key: 'proxy_extfile',
    type: 'path',
    default: NONE,
    doc: 'OpenSSL extensions for every delegated proxy',
    support: 'later',
  },
  {
    key: 'proxy_extapp',
    type: 'program',
    default: NONE,
    doc: 'prints OpenSSL extensions for a delegated proxy',
    support: 'later',
  },
  { key: 'syslog_ident', type: 'text', default: 'the program name', doc: 'name in log lines' },
  { key: 'syslog_facility', type: 'text', default: 'daemon', doc: 'syslog facility, name or number' },
  {
    key: 'slave_servers',
    type: 'words',
    default: NONE,
    doc: 'replicas; read by myproxy-replicate only',
    support: 'unused',
  },
  {
    key: 'pam',
    type: 'status',
    default: 'disabled',
    doc: 'whether pass phrases are checked by PAM',
    support: 'later',
  },
  { key: 'pam_id', type: 'text', default: 'myproxy', doc: 'PAM service', support: 'later' },
  {
    key: 'sasl',
    type: 'status',
    default: 'disabled',
    doc: 'whether clients authenticate by SASL',
    support: 'later',
  },
  { key: 'sasl_mech', type: 'text', default: NONE, doc: 'the one SASL mechanism to offer', support: 'later' },
  { key: 'sasl_serverFQDN', type: 'text', default: NONE, doc: 'host name for SASL', support: 'later' },
  { key: 'sasl_user_realm', type: 'text', default: NONE, doc: 'realm of SASL user names', support: 'later' },
  {
    key: 'certificate_issuer_program',
    type: 'program',
    default: NONE,
    doc: 'external certificate authority',
    support: 'later',
  },
  {
    key: 'certificate_issuer_cert',
    type: 'path',
    default: NONE,
    doc: 'certificate of the internal certificate authority',
    support: 'later',
  },
  { key: 'certificate_issuer_key', type: 'path', default: NONE, doc: 'its key', support: 'later' },
  {
    key: 'certificate_issuer_key_passphrase',
    type: 'text',
    default: NONE,
    doc: "its key's pass phrase",
    support: 'later',
  },
  {
    key: 'certificate_issuer_subca_certfile',
    type: 'path',
    default: NONE,
    doc: 'certificates appended to every issued one',
    support: 'later',
  },
  {
    key: 'certificate_issuer_hashalg',
    type: 'text',
    default: 'sha256',
    doc: 'digest of issued certificates',
    support: 'later',
  },
  {
    key: 'certificate_issuer_email_domain',
    type: 'text',
    default: NONE,
    doc: 'domain of the e-mail name in issued certificates',
    support: 'later',
  },
  {
    key: 'certificate_extfile',
    type: 'path',
    default: 'a built-in set',
    doc: 'OpenSSL extensions of issued certificates',
    support: 'later',
  },
  {
    key: 'certificate_extapp',
    type: 'program',
    default: 'a built-in set',
    doc: 'prints OpenSSL extensions of an issued certificate',
    support: 'later',
  },
  {
    key: 'certificate_mapfile',
    type: 'path',
    default: '/etc/grid-security/grid-mapfile',
    doc: 'user name to subject of issued certificates',
    support: 'later',
  },
  {
    key: 'certificate_mapapp',
    type: 'program',
    default: NONE,
    doc: 'prints the subject for a user name',
    support: 'later',
  },
  {
    key: 'certificate_request_checker',
    type: 'program',
    default: NONE,
    doc: 'may veto a request',
    support: 'later',
  },
  {
    key: 'certificate_issuer_checker',
    type: 'program',
    default: NONE,
    doc: 'may veto an issued certificate',
    support: 'later',
  },
  {
    key: 'certificate_serialfile',
    type: 'path',
    default: '/var/lib/myproxy/serial',
    doc: 'counter of serial numbers',
    support: 'later',
  },
  {
    key: 'certificate_serial_skip',
    type: 'number',
    default: '1',
    doc: 'step of serial numbers',
    support: 'later',
  },
  {
    key: 'certificate_out_dir',
    type: 'directory',
    default: NONE,
    doc: 'archive of issued certificates',
    support: 'later',
  },
  {
    key: 'max_cert_lifetime',
    type: 'hours',
    default: '12',
    doc: 'cap of issued certificates',
    support: 'later',
  },
  {
    key: 'min_keylen',
    type: 'number',
    default: NONE,
    doc: 'smallest RSA key, in bits, that gets a certificate',
    support: 'later',
  },
  {
    key: 'certificate_openssl_engine_id',
    type: 'text',
    default: NONE,
    doc: 'OpenSSL engine that signs',
    support: 'later',
  },
  {
    key: 'certificate_openssl_engine_pre',
    type: 'words',
    default: NONE,
    doc: 'engine commands before it is loaded',
    support: 'later',
  },
  {
    key: 'certificate_openssl_engine_post',
    type: 'words',
    default: NONE,
    doc: 'engine commands after it is loaded',
    support: 'later',
  },
  {
    key: 'certificate_openssl_engine_lockfile',
    type: 'path',
    default: NONE,
    doc: 'held while the engine is in use',
    support: 'later',
  },
  {
    key: 'ca_ldap_server',
    type: 'text',
    default: NONE,
    doc: 'LDAP server that knows the subjects of users',
    support: 'later',
  },
  {
    key: 'ca_ldap_uid_attribute',
    type: 'text',
    default: NONE,
    doc: 'attribute that holds the user name',
    support: 'later',
  },
  { key: 'ca_ldap_searchbase', type: 'text', default: NONE, doc: 'where to search', support: 'later' },
  {
    key: 'ca_ldap_dn_attribute',
    type: 'text',
    default: "the entry's own name",
    doc: 'attribute that holds the subject',
    support: 'later',
  },
  { key: 'ca_ldap_connect_dn', type: 'text', default: NONE, doc: 'name to bind as', support: 'later' },
  {
    key: 'ca_ldap_connect_passphrase',
    type: 'text',
    default: NONE,
    doc: 'password to bind with',
    support: 'later',
  },
  {
    key: 'ca_ldap_start_tls',
    type: 'boolean',
    default: 'false',
    doc: 'whether LDAP goes through TLS',
    support: 'later',
  },
  {
    key: 'ocsp_policy',
    type: 'text',
    default: 'off',
    doc: 'aia: ask the responder that a certificate names',
    support: 'later',
    weakerWithout: true,
  },
  {
    key: 'ocsp_responder_url',
    type: 'text',
    default: NONE,
    doc: 'OCSP responder to ask',
    support: 'later',
    weakerWithout: true,
  },
  {
    key: 'ocsp_responder_cert',
    type: 'path',
    default: NONE,
    doc: 'certificate that the responder signs with',
    support: 'later',
  },
  { key: 'voms_userconf', type: 'path', default: '$VOMS_USERCONF', doc: 'vomses file', support: 'later' },
  {
    key: 'allow_voms_attribute_requests',
    type: 'boolean',
    default: 'false',
    doc: 'whether clients may ask for VOMS attributes in their proxies',
    support: 'later',
  },
  {
    key: 'disable_usage_stats',
    type: 'words',
    default: NONE,
    doc: 'usage statistics no longer exist',
    support: 'unused',
  },
  {
    key: 'usage_stats_target',
    type: 'words',
    default: NONE,
    doc: 'usage statistics no longer exist',
    support: 'unused',
  },
];

/** Types whose keys take any number of values; all others take exactly one. */
export function takesMany(type: ConfigValueType): boolean {
  return type === 'list' || type === 'words';
}
