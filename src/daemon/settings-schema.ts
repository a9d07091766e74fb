import {
  array,
  boolean,
  type InferOutput,
  integer,
  maxLength,
  maxValue,
  minLength,
  minValue,
  number,
  optional,
  picklist,
  pipe,
  record,
  strictObject,
  string,
  union,
  unknown,
} from 'valibot';

const path = pipe(string(), minLength(1), maxLength(4_096));
const count = (least: number, most: number) => pipe(number(), integer(), minValue(least), maxValue(most));
const hours = pipe(number(), minValue(0), maxValue(87_600));
const expressions = array(pipe(string(), minLength(1), maxLength(10_000)));
const tls = picklist(['1.2', '1.3']);

const text = pipe(string(), minLength(1), maxLength(10_000));
const words = array(pipe(string(), minLength(1), maxLength(1_000)));
const providerName = pipe(string(), minLength(1), maxLength(200));

const client = {
  client_id: text,
  client_secret_file: optional(path),
  client_key_file: optional(path),
  issuer: optional(text),
  token_url: optional(text),
  ca_file: optional(path),
};

const local = strictObject({
  private_key: optional(path),
  public_key: optional(path),
  algorithm: optional(picklist(['ES256', 'RS256', 'EdDSA'])),
  key_id: optional(text),
  issuer: optional(text),
  authz_template: optional(string()),
  authz_template_expr: optional(text),
  group_template: optional(text),
  group_mapfile: optional(path),
  group_requirement: optional(text),
  lifetime: optional(count(60, 10 * 366 * 86_400)),
  json: optional(boolean()),
  audience: optional(words),
  version: optional(string()),
});

/** A credential monitor without HTCondor's configuration. `docs/credmon-configuration.md` has the names in both. */
const credmon = strictObject({
  /** The credential directory. */
  directory: path,
  state: optional(path),
  seal: optional(boolean()),
  scan: optional(count(1, 3_600)),
  parallel: optional(count(1, 1_000)),
  timeout: optional(count(1, 600)),
  web_prefix: optional(text),
  /** Absent = no page is served here. */
  web: optional(
    strictObject({
      listen: text,
      certificate: optional(path),
      key: optional(path),
      behind_proxy: optional(boolean()),
      demand_proof: optional(boolean()),
      operators: optional(words),
      sign_in_directory: optional(path),
      myproxy_storage: optional(path),
    }),
  ),
  /** Who is told how the monitor does. */
  told: optional(
    strictObject({
      status_listen: optional(text),
      hook_command: optional(words),
      hook_url: optional(text),
      hook_token_file: optional(path),
      hook_ca_file: optional(path),
      hook_on: optional(array(picklist(['renewed', 'failed', 'expiring']))),
      hook_timeout: optional(count(1, 600)),
    }),
  ),
  allow_special_names: optional(boolean()),
  sandbox_refresh: optional(count(1, 366 * 86_400)),
  log: optional(
    strictObject({
      file: optional(path),
      max_bytes: optional(count(0, Number.MAX_SAFE_INTEGER)),
      max_files: optional(count(1, 1_000)),
      verbose: optional(boolean()),
    }),
  ),
  local: optional(record(providerName, local)),
  oauth: optional(
    record(
      providerName,
      strictObject({
        ...client,
        client_authentication: optional(
          picklist(['client_secret_post', 'client_secret_basic', 'private_key_jwt', 'none']),
        ),
        authorization_url: optional(text),
        device_url: optional(text),
        revocation_url: optional(text),
        return_url_suffix: optional(text),
        exchange_per_handle: optional(boolean()),
      }),
    ),
  ),
  client: optional(
    record(
      providerName,
      strictObject({
        ...client,
        client_authentication: optional(
          picklist(['client_secret_post', 'client_secret_basic', 'private_key_jwt']),
        ),
        authz_template: optional(string()),
        audience: optional(words),
        lifetime: optional(count(60, 10 * 366 * 86_400)),
        json: optional(boolean()),
      }),
    ),
  ),
  vault: optional(
    strictObject({
      /** Absent = every name that nothing else serves. */
      names: optional(array(providerName)),
      minimum: optional(count(1, 366 * 86_400)),
      refresh: optional(count(1, 366 * 86_400)),
      ca_file: optional(path),
      ca_directory: optional(path),
      trusted_hosts: optional(words),
    }),
  ),
  pelican: optional(
    record(
      providerName,
      strictObject({
        minimum: optional(count(1, 366 * 86_400)),
        token_url: optional(text),
        client_id: optional(text),
        client_secret_file: optional(path),
        ca_file: optional(path),
        dangerously_skip_tls_verify: optional(boolean()),
      }),
    ),
  ),
});

/** An attribute authority, `[[voms]]`: one for each organisation. */
const authority = strictObject({
  /** Membership file (TOML). */
  membership: path,
  listen: optional(text),
  /** Default 15000, 15001, …, in their order. */
  port: optional(count(0, 65_535)),
  host_name: optional(text),
  certificate: optional(path),
  key: optional(path),
});

/** `latchkey.toml`. Every section and key is optional; unknown ones are errors. Relative paths start at the file's directory. */
export const SETTINGS_SCHEMA = strictObject({
  server: optional(
    strictObject({
      /** Host name or address to listen on; absent = every address. */
      listen: optional(pipe(string(), minLength(1))),
      port: optional(count(0, 65_535)),
      min_tls: optional(tls),
      max_tls: optional(tls),
      certificate: optional(path),
      key: optional(path),
      trust_directory: optional(path),
      /** Who may speak for which virtual organization: FQAN policies need it. */
      voms_directory: optional(path),
      storage: optional(path),
      /** What clients get as trust roots: a directory, or true for the trust directory itself. */
      trust_roots: optional(union([path, boolean()])),
      /** A `myproxy-server.config`; what is said in this file wins over it. */
      legacy_config: optional(path),
    }),
  ),
  policy: optional(
    strictObject({
      accepted_credentials: optional(expressions),
      authorized_retrievers: optional(expressions),
      default_retrievers: optional(expressions),
      authorized_renewers: optional(expressions),
      default_renewers: optional(expressions),
      authorized_key_retrievers: optional(expressions),
      default_key_retrievers: optional(expressions),
      trusted_retrievers: optional(expressions),
      default_trusted_retrievers: optional(expressions),
      allow_self_authorization: optional(boolean()),
      check_multiple_credentials: optional(boolean()),
      /** A client with a limited proxy gets full ones. */
      dangerously_ignore_limited_proxies: optional(boolean()),
      max_proxy_lifetime_hours: optional(hours),
      max_credential_lifetime_hours: optional(hours),
      pass_phrase_program: optional(path),
      accepted_map_file: optional(path),
      accepted_map_program: optional(path),
      allow_voms_attribute_requests: optional(boolean()),
      /** File or directory that names the VOMS servers. */
      vomses: optional(path),
    }),
  ),
  limits: optional(
    strictObject({
      /** Seconds a connection may last, the user's typing included; 0 = for ever. */
      request_timeout: optional(count(0, 86_400)),
      /** Bytes of one message; 0 = no limit. */
      request_size: optional(count(0, 1 << 30)),
      max_connections: optional(count(1, 1_000_000)),
      max_connections_per_address: optional(count(1, 1_000_000)),
    }),
  ),
  sealing: optional(
    strictObject({
      /** Seconds a successful unlock is remembered in memory; 0 = not at all. */
      remember: optional(count(0, 86_400)),
      reseal_old_keys: optional(boolean()),
      /** One server key for a second envelope: a file, a systemd credential, or a program and its arguments. */
      server_key_file: optional(path),
      server_key_credential: optional(path),
      server_key_command: optional(pipe(array(string()), minLength(1))),
      /** Keys of before, which still open. */
      old_server_key_files: optional(array(path)),
    }),
  ),
  credmon: optional(credmon),
  voms: optional(array(authority)),
  /** Read by `latchkey models`, which checks it. */
  models: optional(record(string(), unknown())),
  audit: optional(strictObject({ file: optional(path) })),
  log: optional(
    strictObject({
      file: optional(path),
      format: optional(picklist(['text', 'json'])),
      level: optional(picklist(['debug', 'info', 'warn', 'error'])),
    }),
  ),
});

/** The section `[credmon]`. */
export type CredmonSection = InferOutput<typeof credmon>;

/** The contents of a `latchkey.toml`. */
export type SettingsDocument = InferOutput<typeof SETTINGS_SCHEMA>;
