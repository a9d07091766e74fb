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
  strictObject,
  string,
  union,
} from 'valibot';

const path = pipe(string(), minLength(1), maxLength(4_096));
const count = (least: number, most: number) => pipe(number(), integer(), minValue(least), maxValue(most));
const hours = pipe(number(), minValue(0), maxValue(87_600));
const expressions = array(pipe(string(), minLength(1), maxLength(10_000)));
const tls = picklist(['1.2', '1.3']);

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
  audit: optional(strictObject({ file: optional(path) })),
  log: optional(
    strictObject({
      file: optional(path),
      format: optional(picklist(['text', 'json'])),
      level: optional(picklist(['debug', 'info', 'warn', 'error'])),
    }),
  ),
});

/** The contents of a `latchkey.toml`. */
export type SettingsDocument = InferOutput<typeof SETTINGS_SCHEMA>;
