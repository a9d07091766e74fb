import * as oauth from 'oauth4webapi';
import * as v from 'valibot';
import { LatchkeyError, quote, systemClock } from '../kit/index.ts';
import { readJson } from './answer.ts';
import type { OAuthClient, RequestOptions, TokenWish } from './client.ts';
import { wishParameters } from './client.ts';
import { type ServerMetadata, serverMetadata } from './discovery.ts';
import { askEndpoint, askForToken } from './endpoint-request.ts';
import { subjectOf } from './id-token.ts';
import { parametersWantedBy } from './known-servers.ts';
import { translate } from './library-error.ts';
import { refusal } from './refusal.ts';
import type { TokenResponse } from './token-response.ts';

/** What {@link beginAuthorization} is told. */
export interface AuthorizationOptions extends RequestOptions, TokenWish {
  /** Exactly as it is registered at the server. */
  readonly redirectUri: string;
  /** Further parameters of the authorization request; none of those the protocol sets. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

/** A login that has begun: plain JSON, kept until the browser comes back. Holds secrets (`verifier`, `state`, `nonce`). */
export interface PendingAuthorization {
  readonly redirectUri: string;
  /** Finds and proves the browser's return; 43 characters of base64url. */
  readonly state: string;
  /** PKCE (RFC 7636). */
  readonly verifier: string;
  /** When `openid` is among the scopes. */
  readonly nonce?: string | undefined;
  readonly resource?: readonly string[] | undefined;
}

/**
 * Begins the authorization code flow: PKCE S256 and `state` always, `nonce` with `openid`, a pushed request (RFC 9126) when the
 * server offers it.
 *
 * @returns the URL for the user's browser, and what {@link finishAuthorization} needs
 * @throws LatchkeyError `oauth/config`, `oauth/refused` and the errors of the network
 */
export async function beginAuthorization(
  client: OAuthClient,
  options: AuthorizationOptions,
): Promise<{ readonly url: string; readonly pending: PendingAuthorization }> {
  const server = await serverMetadata(client, ['authorization_endpoint', 'token_endpoint'], {
    ...options,
    alwaysDiscover: true,
  });
  const asksIdentity = options.scope?.split(' ').includes('openid') === true;
  const resource = [options.resource ?? []].flat().filter((value) => value !== '');
  const pending: PendingAuthorization = {
    redirectUri: options.redirectUri,
    state: oauth.generateRandomState(),
    verifier: oauth.generateRandomCodeVerifier(),
    ...(asksIdentity ? { nonce: oauth.generateRandomNonce() } : {}),
    ...(resource.length === 0 ? {} : { resource }),
  };
  const parameters = await requestParameters(client, server, pending, options);
  const pushed =
    server.pushed_authorization_request_endpoint === undefined
      ? undefined
      : await pushRequest(client, server, parameters, options);
  const url = authorizationUrl(server, client);
  const shown =
    pushed === undefined
      ? parameters
      : new URLSearchParams({ client_id: client.clientId, request_uri: pushed });
  for (const [name, value] of shown) url.searchParams.append(name, value);
  return { url: url.href, pending };
}

/**
 * Finishes it with the URL that the browser came back to: `state` and `iss` (RFC 9207) are checked, the code exchanged.
 *
 * @throws LatchkeyError `oauth/denied` when the user or the server refused, `oauth/mismatch` when this is not the answer to that
 * login, `oauth/invalid-grant` when the code is used up or too old, and the errors of {@link askForToken}
 */
export async function finishAuthorization(
  client: OAuthClient,
  pending: PendingAuthorization,
  callbackUrl: string | URL,
  options: RequestOptions = {},
): Promise<TokenResponse> {
  const server = await serverMetadata(client, ['token_endpoint'], { ...options, alwaysDiscover: true });
  const callback = validateCallback(client, server, pending, new URL(callbackUrl).searchParams);
  const resource = wishParameters({ resource: pending.resource });
  const token = await askForToken(
    client,
    options,
    (prepared) =>
      oauth.authorizationCodeGrantRequest(
        prepared.server,
        prepared.client,
        prepared.authentication,
        callback,
        pending.redirectUri,
        pending.verifier,
        { ...prepared.options, additionalParameters: resource },
      ),
    server,
  );
  return { ...token, subject: await subjectOf(token, server, client, pending.nonce, options) };
}

async function requestParameters(
  client: OAuthClient,
  server: ServerMetadata,
  pending: PendingAuthorization,
  options: AuthorizationOptions,
): Promise<URLSearchParams> {
  const parameters = wishParameters(options);
  const extra = { ...parametersWantedBy(server.authorization_endpoint ?? ''), ...options.parameters };
  for (const [name, value] of Object.entries(extra)) parameters.set(name, value);
  parameters.set('response_type', 'code');
  parameters.set('client_id', client.clientId);
  parameters.set('redirect_uri', pending.redirectUri);
  parameters.set('state', pending.state);
  parameters.set('code_challenge', await oauth.calculatePKCECodeChallenge(pending.verifier));
  parameters.set('code_challenge_method', 'S256');
  if (pending.nonce !== undefined) parameters.set('nonce', pending.nonce);
  return parameters;
}

const pushedAnswer = v.looseObject({ request_uri: v.pipe(v.string(), v.minLength(1), v.maxLength(500)) });

async function pushRequest(
  client: OAuthClient,
  server: ServerMetadata,
  parameters: URLSearchParams,
  options: RequestOptions,
): Promise<string> {
  const answer = await askEndpoint(
    client,
    'pushed_authorization_request_endpoint',
    options,
    (prepared) =>
      oauth.pushedAuthorizationRequest(
        prepared.server,
        prepared.client,
        prepared.authentication,
        parameters,
        prepared.options,
      ),
    server,
  );
  // RFC 9126 §2.2 says 201; servers answer 200 too.
  const json = await readJson(
    answer,
    options.clock ?? systemClock,
    (status) => status === 201 || status === 200,
  );
  const parsed = v.safeParse(pushedAnswer, json);
  if (parsed.success) return parsed.output.request_uri;
  throw new LatchkeyError('oauth/bad-response', `expected a request_uri from ${answer.where}`, {
    hint: "the server's answer cannot be used: ask its operator",
  });
}

/** The browser goes there: https, or the loopback address where that is allowed. */
function authorizationUrl(server: ServerMetadata, client: OAuthClient): URL {
  const text = server.authorization_endpoint ?? '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && client.dangerouslyAllowHttp === true))
    return url;
  throw new LatchkeyError('oauth/config', `expected an https authorization URL, got ${quote(text)}`, {
    hint: 'configure the https address of the login page',
  });
}

function validateCallback(
  client: OAuthClient,
  server: ServerMetadata,
  pending: PendingAuthorization,
  received: URLSearchParams,
): URLSearchParams {
  const parameters = new URLSearchParams(received);
  // Without an issuer of ours there is nothing to compare the server's with.
  if (client.issuer === undefined) parameters.delete('iss');
  try {
    const valid = oauth.validateAuthResponse(
      server,
      { client_id: client.clientId },
      parameters,
      pending.state,
    );
    if (parameters.getAll('code').length === 1) return valid;
  } catch (error) {
    const refused = error instanceof oauth.AuthorizationResponseError ? parameters.get('error') : null;
    if (refused !== null) {
      const description = parameters.get('error_description') ?? undefined;
      throw refusal({ error: refused, description, where: 'the login page' }, [
        pending.state,
        pending.verifier,
      ]);
    }
    const translated = translate(error);
    if (!(translated instanceof LatchkeyError)) throw translated;
  }
  throw new LatchkeyError('oauth/mismatch', 'this is not the answer to the login that began here', {
    hint: 'start the login again, in one window, and do not use old links',
  });
}
