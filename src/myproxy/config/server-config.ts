import type { Secret } from '../../kit/index.ts';

/** `required`, `sufficient` or `disabled`. */
export type AuthenticationStatus = 'required' | 'sufficient' | 'disabled';

/** A `myproxy-server.config`, typed. Undefined = the key was not given; `SERVER_CONFIG_KEYS` says what holds then. */
export interface ServerConfig {
  // Who may do what: expressions, as the repository's AccessPolicy takes them.
  readonly acceptedCredentials: readonly string[] | undefined;
  readonly authorizedRetrievers: readonly string[] | undefined;
  readonly defaultRetrievers: readonly string[] | undefined;
  readonly authorizedRenewers: readonly string[] | undefined;
  readonly defaultRenewers: readonly string[] | undefined;
  readonly authorizedKeyRetrievers: readonly string[] | undefined;
  readonly defaultKeyRetrievers: readonly string[] | undefined;
  readonly trustedRetrievers: readonly string[] | undefined;
  readonly defaultTrustedRetrievers: readonly string[] | undefined;
  readonly allowSelfAuthorization: boolean;
  readonly acceptedCredentialsMapfile: string | undefined;
  readonly acceptedCredentialsMapapp: string | undefined;
  readonly passPhrasePolicyProgram: string | undefined;
  readonly ignoreGlobusLimitedProxyFlag: boolean;
  readonly checkMultipleCredentials: boolean;
  readonly allowVomsAttributeRequests: boolean;
  readonly vomsUserconf: string | undefined;

  // Limits.
  readonly maxProxyLifetimeSeconds: number | undefined;
  readonly maxCredentialLifetimeSeconds: number | undefined;
  /** Undefined = no limit. */
  readonly requestTimeoutSeconds: number | undefined;
  /** Undefined = no limit. */
  readonly requestSizeLimitBytes: number | undefined;

  // Trust roots and logging.
  readonly certDirectory: string | undefined;
  readonly syslogIdent: string | undefined;
  readonly syslogFacility: string | undefined;

  /** Keys that are read and kept, but not honoured yet, with their values. */
  readonly later: ReadonlyMap<string, readonly string[]>;
  /** The pass phrases among them. */
  readonly secrets: ReadonlyMap<string, Secret>;
}
