import * as oauth from 'oauth4webapi';
import * as v from 'valibot';
import { type Clock, LatchkeyError, LruCache, quote, systemClock } from '../kit/index.ts';
import { type Answer, readJson } from './answer.ts';
import type { OAuthClient, RequestOptions } from './client.ts';
import { translate } from './library-error.ts';
import { transportOf } from './transport.ts';

/** What we use of a discovery document (RFC 8414 §2, OpenID Connect Discovery §3). */
export type ServerMetadata = oauth.AuthorizationServer;

/** Endpoints that a client may name itself. */
export type Endpoint =
  | 'authorization_endpoint'
  | 'token_endpoint'
  | 'device_authorization_endpoint'
  | 'revocation_endpoint'
  | 'pushed_authorization_request_endpoint';

const CONFIGURED: Readonly<Record<Endpoint, keyof OAuthClient>> = {
  authorization_endpoint: 'authorizationUrl',
  token_endpoint: 'tokenUrl',
  device_authorization_endpoint: 'deviceUrl',
  revocation_endpoint: 'revocationUrl',
  pushed_authorization_request_endpoint: 'parUrl',
};

const endpoint = v.optional(v.pipe(v.string(), v.url(), v.maxLength(2_000)));

const metadata = v.looseObject({
  issuer: v.pipe(v.string(), v.url(), v.maxLength(2_000)),
  authorization_endpoint: endpoint,
  token_endpoint: endpoint,
  device_authorization_endpoint: endpoint,
  revocation_endpoint: endpoint,
  pushed_authorization_request_endpoint: endpoint,
  jwks_uri: endpoint,
  authorization_response_iss_parameter_supported: v.optional(v.boolean()),
});

const KEPT_MS = 3_600_000;

/** Documents by issuer, apart for each way of trusting servers. A document that could not be had is not remembered. */
const documents = new WeakMap<typeof fetch, LruCache<string, Promise<ServerMetadata>>>();

/**
 * What is known of a client's server: what the client says itself, before its discovery document. The document is asked for
 * only when one of `needs` is not configured, and is kept for an hour.
 *
 * @throws LatchkeyError `oauth/config` when neither says where an endpoint is; `oauth/mismatch` when the document is another
 * issuer's; what {@link readJson} throws
 */
export async function serverMetadata(
  client: OAuthClient,
  needs: readonly Endpoint[],
  options: RequestOptions & { readonly alwaysDiscover?: boolean } = {},
): Promise<ServerMetadata> {
  const { issuer } = client;
  const isComplete = needs.every((name) => client[CONFIGURED[name]] !== undefined);
  const document =
    issuer !== undefined && (options.alwaysDiscover === true || !isComplete)
      ? await discover(issuer, client, options)
      : { issuer: issuer ?? client.tokenUrl ?? '' };
  const merged: Record<string, unknown> = { ...document };
  for (const [name, key] of Object.entries(CONFIGURED)) {
    if (client[key] !== undefined) merged[name] = client[key];
  }
  const missing = needs.find((name) => merged[name] === undefined);
  if (missing !== undefined) throw unknownEndpoint(missing, client.issuer);
  return merged as ServerMetadata;
}

/**
 * The discovery document of an issuer: OpenID Connect's place first, then RFC 8414's.
 *
 * @throws LatchkeyError as {@link serverMetadata}; the signal's reason
 */
export function discover(
  issuer: string,
  client: OAuthClient,
  { signal, clock = systemClock }: RequestOptions = {},
): Promise<ServerMetadata> {
  const transport = transportOf(client);
  let known = documents.get(transport);
  if (known === undefined) {
    known = new LruCache(200, KEPT_MS, clock);
    documents.set(transport, known);
  }
  const cache = known;
  let document = cache.get(issuer);
  if (document === undefined) {
    document = fetchDocument(issuer, transport, client, clock);
    cache.set(issuer, document);
    document.catch(() => cache.delete(issuer));
  }
  return signal === undefined ? document : unlessAborted(document, signal);
}

/** Many wait for one document: who gives up ends its own waiting, not the request. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function fetchDocument(
  issuer: string,
  transport: typeof fetch,
  client: OAuthClient,
  clock: Clock,
): Promise<ServerMetadata> {
  const url = parseIssuer(issuer);
  const where = `the discovery of ${quote(issuer)}`;
  let failure: unknown;
  for (const algorithm of ['oidc', 'oauth2'] as const) {
    let response: Response;
    try {
      response = await oauth.discoveryRequest(url, {
        algorithm,
        [oauth.customFetch]: (address, init) =>
          transport(address, { method: init.method, headers: init.headers, signal: init.signal ?? null }),
        [oauth.allowInsecureRequests]: client.dangerouslyAllowHttp === true,
      });
    } catch (error) {
      throw translate(error);
    }
    try {
      return await readDocument({ response, where, secrets: [] }, url, clock);
    } catch (error) {
      // The first place says more about a server that has neither document.
      failure ??= error;
      if (response.status === 200 || response.status >= 500) break;
    }
  }
  throw failure;
}

async function readDocument(answer: Answer, issuer: URL, clock: Clock): Promise<ServerMetadata> {
  const json = await readJson(answer, clock);
  const parsed = v.safeParse(metadata, json, { abortEarly: true });
  if (!parsed.success) {
    const member = String(parsed.issues[0].path?.[0]?.key ?? '');
    throw new LatchkeyError('oauth/bad-response', `expected a well-formed ${member} from ${answer.where}`, {
      hint: "ask the server's operator, or configure the URLs of its endpoints",
    });
  }
  if (withoutSlash(parsed.output.issuer) !== withoutSlash(issuer.href)) {
    const called = quote(parsed.output.issuer);
    throw new LatchkeyError('oauth/mismatch', `${answer.where} is a document of the issuer ${called}`, {
      hint: `configure the issuer exactly as the server calls itself: ${called}`,
    });
  }
  return parsed.output as ServerMetadata;
}

/** A document may be asked for with or without the slash at the end; which of the two is right, it says itself. */
function withoutSlash(url: string): string {
  return new URL(url).href.replace(/\/$/, '');
}

function parseIssuer(issuer: string): URL {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url !== undefined && url.search === '' && url.hash === '' && url.username === '') return url;
  throw new LatchkeyError('oauth/config', `expected an issuer URL without query, got ${quote(issuer)}`, {
    hint: 'an issuer looks like https://login.example.org/realm',
  });
}

function unknownEndpoint(name: Endpoint, issuer: string | undefined): LatchkeyError {
  const what = name.replaceAll('_', ' ');
  return issuer === undefined
    ? new LatchkeyError('oauth/config', `neither an issuer nor the ${what} is configured`, {
        hint: "configure the server's issuer URL, or the URL of this endpoint",
      })
    : new LatchkeyError('oauth/config', `the server ${quote(issuer)} has no ${what}`, {
        hint: 'this server cannot do that: use another way of login, or configure the URL',
      });
}
