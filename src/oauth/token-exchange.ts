import { genericTokenEndpointRequest } from 'oauth4webapi';
import type { Secret } from '../kit/index.ts';
import { type OAuthClient, type RequestOptions, type TokenWish, wishParameters } from './client.ts';
import { askForToken } from './endpoint-request.ts';
import type { TokenResponse } from './token-response.ts';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** What {@link exchangeToken} is told. */
export interface ExchangeOptions extends RequestOptions, TokenWish {
  readonly subjectToken: Secret;
  /** Default `urn:ietf:params:oauth:token-type:access_token`. */
  readonly subjectTokenType?: string | undefined;
  readonly requestedTokenType?: string | undefined;
}

/**
 * Another token for one that is held: fewer scopes, another audience (RFC 8693).
 *
 * @throws LatchkeyError `oauth/refused`, `oauth/invalid-grant`, `oauth/unavailable`, `oauth/bad-response`, `oauth/config` and the
 * errors of the network
 */
export function exchangeToken(client: OAuthClient, options: ExchangeOptions): Promise<TokenResponse> {
  const parameters = wishParameters(options);
  parameters.set('subject_token', options.subjectToken.revealText());
  parameters.set('subject_token_type', options.subjectTokenType ?? ACCESS_TOKEN);
  if (options.requestedTokenType !== undefined)
    parameters.set('requested_token_type', options.requestedTokenType);
  return askForToken(client, options, (prepared) =>
    genericTokenEndpointRequest(
      prepared.server,
      prepared.client,
      prepared.authentication,
      TOKEN_EXCHANGE,
      parameters,
      prepared.options,
    ),
  );
}
