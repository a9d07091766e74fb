import * as oauth from 'oauth4webapi';
import { printable, systemClock } from '../kit/index.ts';
import { type Answer, readJson } from './answer.ts';
import type { OAuthClient, RequestOptions } from './client.ts';
import { clientAuthentication } from './client-authentication.ts';
import { type Endpoint, type ServerMetadata, serverMetadata } from './discovery.ts';
import { translate } from './library-error.ts';
import { secretsOf } from './redaction.ts';
import { parseTokenAnswer } from './token-answer.ts';
import type { TokenResponse } from './token-response.ts';
import { transportOf } from './transport.ts';

/** What a flow hands to the library to make one request. */
export interface Prepared {
  readonly server: ServerMetadata;
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
  readonly options: oauth.HttpRequestOptions<'POST', URLSearchParams>;
}

/** Makes one authenticated request to an endpoint of the client's server. */
export async function askEndpoint(
  client: OAuthClient,
  name: Endpoint,
  options: RequestOptions,
  send: (prepared: Prepared) => Promise<Response>,
  known?: ServerMetadata,
): Promise<Answer> {
  const server = known ?? (await serverMetadata(client, [name], options));
  const authentication = await clientAuthentication(client.authentication);
  const transport = transportOf(client);
  let secrets: readonly string[] = [];
  try {
    const response = await send({
      server,
      client: { client_id: client.clientId },
      authentication,
      options: {
        headers: { 'user-agent': 'latchkey' },
        [oauth.customFetch]: (url, init) => {
          secrets = secretsOf(init.body, init.headers);
          return transport(url, init);
        },
        [oauth.allowInsecureRequests]: client.dangerouslyAllowHttp === true,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
    });
    return { response, where: placeOf(server[name]), secrets };
  } catch (error) {
    throw translate(error);
  }
}

/** Asks the token endpoint and reads its answer; `subject` is not filled in. */
export async function askForToken(
  client: OAuthClient,
  options: RequestOptions,
  send: (prepared: Prepared) => Promise<Response>,
  known?: ServerMetadata,
): Promise<TokenResponse> {
  const { clock = systemClock } = options;
  const answer = await askEndpoint(client, 'token_endpoint', options, send, known);
  return parseTokenAnswer(await readJson(answer, clock), answer.where, clock.now());
}

/** Endpoint for messages: origin and path. */
function placeOf(url: unknown): string {
  if (typeof url !== 'string' || !URL.canParse(url)) return 'the server';
  const { origin, pathname } = new URL(url);
  return printable(`${origin}${pathname}`).slice(0, 200);
}
