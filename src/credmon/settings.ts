import type { ConfigFinding } from './config/finding.ts';
import type { ToldSettings } from './told.ts';
import type { WebPageSettings } from './web-page.ts';

/** What a credential monitor is run with, wherever it was written: HTCondor's configuration or `latchkey.toml`. Paths are absolute. */
export interface CredmonSettings {
  /** Name of the daemon, also its prefix in HTCondor's configuration: `CREDMON_OAUTH`. */
  readonly name: string;
  /** `SEC_CREDENTIAL_DIRECTORY_OAUTH`. */
  readonly directory: string;
  /** `<NAME>_LOG`; absent = standard error. */
  readonly log: {
    readonly file?: string | undefined;
    readonly maxBytes: number;
    readonly maxFiles: number;
    readonly isVerbose: boolean;
  };
  /** Our own directory (0700, outside the credential directory): journal, sealing key, audit, control socket. Absent = none of these. */
  readonly stateDirectory?: string | undefined;
  /** `CREDMON_WEB_PREFIX`: origin and path, no trailing slash. */
  readonly webPrefix: string;
  /** Absent = no page is served here. */
  readonly web?: WebPageSettings | undefined;
  /** Status port and hooks; absent = neither. */
  readonly told?: ToldSettings | undefined;
  /** `CREDMON_ALLOW_SPECIAL_CHAR_NAMES`: exact names and no handles. */
  readonly allowSpecialNames: boolean;
  /** `SEC_CREDENTIAL_REFRESH`: seconds until a job sees a new `.use`; part of the renewal margin. */
  readonly sandboxRefreshSeconds: number;
  /** Seconds between full passes; upstream's constant is 60. */
  readonly scanSeconds: number;
  /** Most requests to other machines at one moment. */
  readonly maxParallelRequests: number;
  readonly requestTimeoutSeconds: number;
  /** Keep refresh tokens in `.top` sealed under a key of the state directory. */
  readonly sealRefreshTokens: boolean;
  /** The provider that serves a name (without handle), or why there is none. Pure; the same answer for the same settings. */
  providerOf(name: string): Provider | undefined;
  /** The providers named one by one (no wildcards), for status, key publication and checks at start. */
  readonly namedProviders: readonly Provider[];
  readonly findings: readonly ConfigFinding[];
}

/** One provider, by mode. */
export type Provider = LocalProvider | OAuthProvider | ClientProvider | VaultProvider | PelicanProvider;

/** How a token is written to `.use`. */
export type UseFormat = 'json' | 'bare';

/** Tokens that this machine signs itself. */
export interface LocalProvider {
  readonly mode: 'local';
  readonly name: string;
  readonly privateKeyFile: string;
  /** `LOCAL_CREDMON_PUBLIC_KEY`: written together with the private key when both are missing at the first start. */
  readonly publicKeyFile?: string | undefined;
  readonly keyAlgorithm: 'ES256' | 'RS256' | 'EdDSA';
  readonly keyId: string;
  readonly issuer: string;
  /** With `{username}`. */
  readonly authzTemplate: string;
  /** ClassAd expression; the reader has checked that it is of the kind we understand. */
  readonly authzTemplateExpression?: string | undefined;
  /** With `{groupname}`, once a group. */
  readonly groupTemplate?: string | undefined;
  readonly groupMapFile?: string | undefined;
  /** A group the user must have. */
  readonly groupRequirement?: string | undefined;
  readonly lifetimeSeconds: number;
  readonly format: UseFormat;
  readonly audience: readonly string[];
  /** `scitoken:2.0`, `wlcg:1.0`, empty = SciTokens 1.0, other = claim `ver`. */
  readonly version: string;
}

/** An OAuth client of ours at some server. */
export interface OAuthClientSettings {
  readonly clientId: string;
  /** Read when needed, so that it can be changed. */
  readonly clientSecretFile?: string | undefined;
  readonly clientAuthentication: 'client_secret_post' | 'client_secret_basic' | 'private_key_jwt' | 'none';
  /** PEM for `private_key_jwt`. */
  readonly clientKeyFile?: string | undefined;
  /** Endpoints come from its discovery document when they are not given. */
  readonly issuer?: string | undefined;
  readonly authorizationUrl?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly deviceUrl?: string | undefined;
  readonly revocationUrl?: string | undefined;
  /** PEM bundle trusted besides the system's. */
  readonly caFile?: string | undefined;
}

/** A user logs in, in the browser or with a device code; the refresh token is kept. */
export interface OAuthProvider extends OAuthClientSettings {
  readonly mode: 'oauth';
  readonly name: string;
  readonly returnUrlSuffix: string;
  /** Exchange the access token for one with the handle's scopes (RFC 8693), if the server can. */
  readonly exchangePerHandle: boolean;
}

/** Client credentials: no user takes part. */
export interface ClientProvider extends OAuthClientSettings {
  readonly mode: 'client';
  readonly name: string;
  readonly authzTemplate: string;
  readonly audience: readonly string[];
  readonly lifetimeSeconds: number;
  readonly format: UseFormat;
}

/** Bearer tokens out of a Vault that keeps the refresh token. */
export interface VaultProvider {
  readonly mode: 'vault';
  readonly name: string;
  readonly minimumSeconds: number;
  readonly refreshSeconds: number;
  readonly caFile?: string | undefined;
  readonly caDirectory?: string | undefined;
  /** `TRUSTED_VAULT_HOSTS`; absent = any. */
  readonly trustedHosts?: readonly string[] | undefined;
}

/** Token exchange with a Pelican federation's issuer. */
export interface PelicanProvider {
  readonly mode: 'pelican';
  readonly name: string;
  readonly minimumSeconds: number;
  readonly tokenUrl?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly dangerouslySkipTlsVerify: boolean;
}
