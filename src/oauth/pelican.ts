import { isLatchkeyError, LatchkeyError, quote, type Secret } from '../kit/index.ts';
import type { OAuthClient, RequestOptions, TokenWish } from './client.ts';
import { discover } from './discovery.ts';
import { refreshAccessToken } from './refresh.ts';
import { jwtClaims } from './token-answer.ts';
import { exchangeToken } from './token-exchange.ts';
import type { TokenResponse } from './token-response.ts';

/** What is held of a Pelican federation's grant. */
export interface PelicanGrant extends TokenWish {
  /** After the first exchange. */
  readonly refreshToken?: Secret | undefined;
  /** Before it: what the user's login left. */
  readonly subjectToken?: Secret | undefined;
  /** As remembered; else the subject token's `iss`. */
  readonly issuer?: string | undefined;
  /** As remembered: for when discovery fails. */
  readonly tokenUrl?: string | undefined;
}

/** A Pelican token, and where it came from, to be remembered. */
export interface PelicanToken {
  readonly token: TokenResponse;
  readonly issuer: string | undefined;
  readonly tokenUrl: string;
}

/** How {@link fetchPelicanToken} goes about it. */
export interface PelicanOptions extends RequestOptions {
  /** Issuers that may be sent the client's secret; absent = whichever the stored token names, as HTCondor does it. */
  readonly trustedIssuers?: readonly string[] | undefined;
}

/**
 * A token of a Pelican federation: refreshed when there is a refresh token, else exchanged for the subject token (RFC 8693). The
 * token URL is the client's own, else discovered from the issuer, else the remembered one.
 *
 * @throws LatchkeyError `oauth/config` when there is no token, no token URL, or an issuer that is not trusted; the errors of
 * {@link refreshAccessToken} and {@link exchangeToken}
 */
export async function fetchPelicanToken(
  client: OAuthClient,
  grant: PelicanGrant,
  options: PelicanOptions = {},
): Promise<PelicanToken> {
  const issuer = grant.issuer ?? issuerOf(grant.subjectToken);
  const tokenUrl = client.tokenUrl ?? (await findTokenUrl(client, grant, issuer, options));
  const located: OAuthClient = { ...client, issuer, tokenUrl };
  const { refreshToken, subjectToken } = grant;
  if (refreshToken !== undefined) {
    return { token: await refreshAccessToken(located, refreshToken, options), issuer, tokenUrl };
  }
  if (subjectToken === undefined) {
    throw new LatchkeyError('oauth/config', 'expected a refresh token or a token to exchange, got neither', {
      hint: 'submit again: the stored credential is incomplete',
    });
  }
  const { scope, audience, resource } = grant;
  const wish = { ...options, scope, audience, resource };
  return { token: await exchangeToken(located, { ...wish, subjectToken }), issuer, tokenUrl };
}

async function findTokenUrl(
  client: OAuthClient,
  grant: PelicanGrant,
  issuer: string | undefined,
  options: PelicanOptions,
): Promise<string> {
  const { trustedIssuers } = options;
  if (trustedIssuers !== undefined && (issuer === undefined || !trustedIssuers.includes(issuer))) {
    throw new LatchkeyError('oauth/config', `the issuer ${quote(issuer ?? 'nobody')} is not trusted`, {
      hint: "the stored token is another issuer's: submit again, or have the administrator trust this one",
    });
  }
  let failure: unknown;
  if (issuer !== undefined) {
    try {
      const { token_endpoint } = await discover(issuer, client, options);
      if (token_endpoint !== undefined) return token_endpoint;
    } catch (error) {
      if (!isLatchkeyError(error)) throw error;
      failure = error;
    }
  }
  if (grant.tokenUrl !== undefined) return grant.tokenUrl;
  if (failure !== undefined) throw failure;
  throw new LatchkeyError('oauth/config', 'nothing says where the token endpoint of this credential is', {
    hint: 'configure the token URL of this provider',
  });
}

function issuerOf(token: Secret | undefined): string | undefined {
  const issuer = token === undefined ? undefined : jwtClaims(token.revealText())?.iss;
  return typeof issuer === 'string' ? issuer : undefined;
}
