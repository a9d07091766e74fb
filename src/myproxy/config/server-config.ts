/** `required`, `sufficient` or `disabled`. */
export type AuthenticationStatus = 'required' | 'sufficient' | 'disabled';

/** A `myproxy-server.config`, typed. Absent lists, paths and numbers are undefined: their key was not given. */
export interface ServerConfig {
  // access policies: expressions, see `repository`'s AccessPolicy
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
  // limits
  readonly maxProxyLifetimeSeconds: number | undefined;
  readonly maxCredentialLifetimeSeconds: number | undefined;
  readonly maxCertificateLifetimeSeconds: number;
  readonly requestTimeoutSeconds: number | undefined /* undefined = never */;
  readonly requestSizeLimitBytes: number | undefined /* undefined = none */;
  // behaviour
  readonly passPhrasePolicyProgram: string | undefined;
  readonly ignoreGlobusLimitedProxyFlag: boolean;
  readonly checkMultipleCredentials: boolean;
  readonly acceptedCredentialsMapfile: string | undefined;
  readonly acceptedCredentialsMapapp: string | undefined;
  readonly certDirectory: string | undefined;
  readonly proxyExtensionsFile: string | undefined;
  readonly proxyExtensionsProgram: string | undefined;
  readonly syslogIdent: string | undefined;
  readonly syslogFacility: string | undefined;
}
