import { clientCredentialsGrantRequest } from 'oauth4webapi';
import { type OAuthClient, type RequestOptions, type TokenWish, wishParameters } from './client.ts';
import { askForToken } from './endpoint-request.ts';
import type { TokenResponse } from './token-response.ts';

/**
 * A token in the client's own name; no user takes part (RFC 6749 §4.4).
 *
 * @throws LatchkeyError `oauth/refused`, `oauth/unavailable`, `oauth/bad-response`, `oauth/config` and the errors of the network
 */
export function requestClientToken(
  client: OAuthClient,
  options: RequestOptions & TokenWish = {},
): Promise<TokenResponse> {
  return askForToken(client, options, (prepared) =>
    clientCredentialsGrantRequest(
      prepared.server,
      prepared.client,
      prepared.authentication,
      wishParameters(options),
      prepared.options,
    ),
  );
}
