import { revocationRequest } from 'oauth4webapi';
import { isLatchkeyError, LatchkeyError, type Secret, systemClock } from '../kit/index.ts';
import { readJson } from './answer.ts';
import type { OAuthClient, RequestOptions } from './client.ts';
import { serverMetadata } from './discovery.ts';
import { askEndpoint } from './endpoint-request.ts';

/** What {@link revokeToken} is told. */
export interface RevocationOptions extends RequestOptions {
  /** Lets the server look in the right place first. */
  readonly kind?: 'refresh_token' | 'access_token' | undefined;
}

/**
 * Tells the server that a token shall not be used any more (RFC 7009). Revoking a refresh token ends the whole grant at most
 * servers. A token that the server does not know counts as revoked.
 *
 * @returns false when the server has no revocation endpoint
 * @throws LatchkeyError `oauth/refused`, `oauth/unavailable` and the errors of the network
 */
export async function revokeToken(
  client: OAuthClient,
  token: Secret,
  options: RevocationOptions = {},
): Promise<boolean> {
  const server = await serverMetadata(client, [], {
    ...options,
    alwaysDiscover: client.revocationUrl === undefined,
  });
  if (server.revocation_endpoint === undefined) return false;
  const answer = await askEndpoint(
    client,
    'revocation_endpoint',
    options,
    (prepared) =>
      revocationRequest(
        prepared.server,
        prepared.client,
        prepared.authentication,
        token.revealText(),
        options.kind === undefined
          ? prepared.options
          : { ...prepared.options, additionalParameters: { token_type_hint: options.kind } },
      ),
    server,
  );
  // RFC 7009 §2.2: the status says all, the body is ignored.
  if (answer.response.status === 200 || answer.response.status === 204) return true;
  try {
    await readJson(answer, options.clock ?? systemClock, () => false);
  } catch (error) {
    // RFC 7009 §2.2: an unknown token is no error, yet some servers make it one.
    if (isLatchkeyError(error, 'oauth/invalid-grant')) return true;
    throw error;
  }
  throw new LatchkeyError('oauth/bad-response', `${answer.where} gave no clear answer to a revocation`);
}
