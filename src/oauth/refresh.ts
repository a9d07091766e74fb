import { refreshTokenGrantRequest } from 'oauth4webapi';
import type { Secret } from '../kit/index.ts';
import { type OAuthClient, type RequestOptions, type TokenWish, wishParameters } from './client.ts';
import { askForToken } from './endpoint-request.ts';
import type { TokenResponse } from './token-response.ts';

/**
 * A new access token for a refresh token (RFC 6749 §6). When the answer has a new refresh token, the old one may be dead from
 * then on: make the new one durable before the access token is used.
 *
 * @param wish a narrower scope or audience; default what was granted
 * @throws LatchkeyError `oauth/invalid-grant` (not retryable: the user must log in again); `oauth/unavailable`, `http/*`
 * (retryable, `details.retryAfterSeconds` where the server gave it); `oauth/refused`, `oauth/bad-response`, `oauth/config`
 */
export function refreshAccessToken(
  client: OAuthClient,
  refreshToken: Secret,
  options: RequestOptions & TokenWish = {},
): Promise<TokenResponse> {
  return askForToken(client, options, (prepared) =>
    refreshTokenGrantRequest(
      prepared.server,
      prepared.client,
      prepared.authentication,
      refreshToken.revealText(),
      { ...prepared.options, additionalParameters: wishParameters(options) },
    ),
  );
}
