import type { Clock, Secret } from '../kit/index.ts';

/** How a client proves who it is at the token endpoint. */
export type ClientAuthentication =
  | { readonly method: 'client_secret_post' | 'client_secret_basic'; readonly secret: Secret }
  /** RFC 7523; `key` is a PEM private key (RSA: RS256, EC: ES256, ES384 or ES512, Ed25519). */
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
  /** Accepts any server certificate: whoever stands between sees and changes everything. */
  readonly dangerouslySkipTlsVerify?: boolean | undefined;
  /** What carries the requests instead of our own bounded `fetch`; `ca`, `timeoutMs` and the switches above are then its own affair. */
  readonly fetch?: typeof fetch | undefined;
}

/** What every request to a server can be told. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default the machine's clock. */
  readonly clock?: Clock | undefined;
}

/** What a token is asked for. Nothing given = what the server grants by default. */
export interface TokenWish {
  /** Space-separated. */
  readonly scope?: string | undefined;
  /** RFC 8707: where the token will be used; absolute URIs. */
  readonly resource?: string | readonly string[] | undefined;
  /** The same by another name, which RFC 8693 and several servers read. */
  readonly audience?: string | readonly string[] | undefined;
}

/** A wish as form parameters; empty values are left out, for a server may read an empty scope as "none". */
export function wishParameters(wish: TokenWish): URLSearchParams {
  const parameters = new URLSearchParams();
  if (wish.scope !== undefined && wish.scope !== '') parameters.set('scope', wish.scope);
  for (const name of ['resource', 'audience'] as const) {
    for (const value of [wish[name] ?? []].flat()) if (value !== '') parameters.append(name, value);
  }
  return parameters;
}
