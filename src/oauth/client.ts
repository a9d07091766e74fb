import type { Secret } from '../kit/index.ts';

/** How a client proves who it is at the token endpoint. */
export type ClientAuthentication =
  | { readonly method: 'client_secret_post' | 'client_secret_basic'; readonly secret: Secret }
  /** RFC 7523; `key` is a PEM private key. */
  | { readonly method: 'private_key_jwt'; readonly key: Secret; readonly keyId?: string | undefined }
  | { readonly method: 'none' };

/** One registration of ours at one authorization server. */
export interface OAuthClient {
  readonly clientId: string;
  readonly authentication: ClientAuthentication;
  /** What is not given comes from the issuer's discovery document (RFC 8414, OpenID Connect Discovery). */
  readonly issuer?: string | undefined;
  readonly authorizationUrl?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly deviceUrl?: string | undefined;
  readonly revocationUrl?: string | undefined;
  readonly parUrl?: string | undefined;
  /** PEM certificates trusted besides the system's. */
  readonly ca?: string | undefined;
  /** Milliseconds for a whole request; default 20 000. */
  readonly timeoutMs?: number | undefined;
  /** Plain http to the loopback address, for tests and demonstrations. */
  readonly dangerouslyAllowHttp?: boolean | undefined;
}
