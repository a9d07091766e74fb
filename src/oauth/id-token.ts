import * as oauth from 'oauth4webapi';
import { LatchkeyError, printable } from '../kit/index.ts';
import type { OAuthClient, RequestOptions } from './client.ts';
import type { ServerMetadata } from './discovery.ts';
import { translate } from './library-error.ts';
import type { TokenResponse } from './token-response.ts';
import { transportOf } from './transport.ts';

/**
 * Who logged in, from the answer's ID token: issuer, audience, times, nonce and signature are verified (OpenID Connect Core
 * §3.1.3.7). `undefined` when there is no ID token, or no discovery document that says where the keys are.
 *
 * @throws LatchkeyError `oauth/mismatch` or `oauth/bad-response` for an ID token that is not right
 */
export async function subjectOf(
  token: TokenResponse,
  server: ServerMetadata,
  client: OAuthClient,
  nonce: string | undefined,
  { signal }: RequestOptions,
): Promise<TokenResponse['subject']> {
  const idToken = token.members.id_token;
  if (typeof idToken !== 'string' || server.jwks_uri === undefined) return undefined;
  const body = JSON.stringify({ access_token: 'x', token_type: 'bearer', id_token: idToken });
  const response = new Response(body, { headers: { 'content-type': 'application/json' } });
  const transport = transportOf(client);
  try {
    const answer = await oauth.processAuthorizationCodeResponse(
      server,
      { client_id: client.clientId },
      response,
      { requireIdToken: true, expectedNonce: nonce ?? oauth.expectNoNonce },
    );
    await oauth.validateApplicationLevelSignature(server, response, {
      [oauth.customFetch]: (url, init) =>
        transport(url, { method: init.method, headers: init.headers, signal: init.signal ?? null }),
      [oauth.allowInsecureRequests]: client.dangerouslyAllowHttp === true,
      ...(signal === undefined ? {} : { signal }),
    });
    const claims = oauth.getValidatedIdTokenClaims(answer);
    if (claims === undefined) return undefined;
    return { issuer: claims.iss, subject: claims.sub, name: nameOf(claims) };
  } catch (error) {
    const translated = translate(error);
    if (translated instanceof LatchkeyError || signal?.aborted === true) throw translated;
    // What else breaks while an ID token is read would quote parts of it.
    throw new LatchkeyError('oauth/bad-response', "the server's ID token cannot be verified", {
      hint: "ask the server's operator",
    });
  }
}

function nameOf(claims: oauth.IDToken): string | undefined {
  for (const claim of ['name', 'preferred_username', 'email']) {
    const value = claims[claim];
    if (typeof value === 'string' && value !== '') return printable(value.slice(0, 200));
  }
  return undefined;
}
