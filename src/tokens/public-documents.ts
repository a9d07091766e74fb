import { LatchkeyError, quote } from '../kit/index.ts';
import { formatJwk, type PublicJwk, type PublishedKey } from './published-key.ts';

/** A document that verifiers fetch, and where on the issuer's host they look for it. */
export interface PublicDocument<Content> {
  /** Path of the URL, from the host's root. */
  readonly path: string;
  readonly content: Content;
}

/** What an issuer says of itself. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly jwks_uri: string;
}

/** Everything an issuer of tokens publishes. Media type of all: `application/json`. */
export interface PublicDocuments {
  /** OpenID Connect Discovery 1.0 §4: below the issuer's path. */
  readonly openidConfiguration: PublicDocument<IssuerMetadata>;
  /** RFC 8414 §3: the issuer's path behind the well-known one. */
  readonly oauthAuthorizationServer: PublicDocument<IssuerMetadata>;
  readonly jwks: PublicDocument<{ readonly keys: readonly PublicJwk[] }>;
}

/**
 * The documents of an issuer. `issuer` in them is exactly the `iss` of its tokens.
 *
 * @throws LatchkeyError `tokens/issuer` unless the issuer is an http(s) URL without query, fragment and user
 */
export function publicDocuments(issuer: string, keys: readonly PublishedKey[]): PublicDocuments {
  const url = parseIssuer(issuer);
  const base = url.pathname.replace(/\/$/, '');
  const jwksPath = `${base}/.well-known/jwks.json`;
  const metadata: IssuerMetadata = { issuer, jwks_uri: `${url.origin}${jwksPath}` };
  return {
    openidConfiguration: { path: `${base}/.well-known/openid-configuration`, content: metadata },
    oauthAuthorizationServer: { path: `/.well-known/oauth-authorization-server${base}`, content: metadata },
    jwks: { path: jwksPath, content: { keys: keys.map(formatJwk) } },
  };
}

/** Reads the URL of an issuer (RFC 8414 §2). @throws LatchkeyError `tokens/issuer` */
export function parseIssuer(issuer: string): URL {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const isPlain =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    `${url.search}${url.hash}${url.username}${url.password}` === '' &&
    !/[?#\s]/.test(issuer);
  if (isPlain) return url;
  throw new LatchkeyError(
    'tokens/issuer',
    `an issuer is an https URL without query and fragment, not ${quote(issuer)}`,
  );
}
