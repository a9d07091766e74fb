import { boundedFetch, isLatchkeyError, LatchkeyError, quote, quoteValue } from '../kit/index.ts';
import { parseJwks } from './jwk-set.ts';
import type { KeySource } from './key-source.ts';
import { parseIssuer } from './public-documents.ts';
import type { PublishedKey } from './published-key.ts';

/** How issuers' keys are fetched and remembered. The times are those of the WLCG profile. */
export interface DiscoveryOptions {
  readonly now: () => Date;
  /** PEM certificates trusted besides the machine's. */
  readonly ca?: string | undefined;
  /** Milliseconds for one request; default 10 000. */
  readonly timeoutMs?: number | undefined;
  /** Age at which keys are fetched again; default 3600. */
  readonly refreshSeconds?: number | undefined;
  /** Age up to which they serve while the issuer cannot be reached; default two days. */
  readonly expireSeconds?: number | undefined;
  /** Plain http to the loopback address, for tests. */
  readonly dangerouslyAllowHttp?: boolean | undefined;
  /** Another way to fetch, for tests; default https with the bounds above. */
  readonly fetch?: typeof fetch | undefined;
}

const MAX_DOCUMENT_BYTES = 256 * 1024;
/** Issuers remembered; more than anybody trusts. */
const MAX_ISSUERS = 1000;
/** A failure, and a look for a key nobody has, are not repeated sooner. */
const PAUSE_SECONDS = 60;

interface Remembered {
  readonly keys: readonly PublishedKey[];
  /** Milliseconds. */
  readonly fetchedAt: number;
}

interface Memory {
  good?: Remembered;
  failure?: { readonly error: unknown; readonly at: number };
  running?: Promise<readonly PublishedKey[]>;
}

/**
 * A key source that asks the issuers: OpenID Connect Discovery below the issuer's path, else RFC 8414; then its JWK set.
 * https only, no redirects, bounded, remembered. One issuer is asked once at a time, and after a failure not for a minute.
 */
export function discoverKeys(options: DiscoveryOptions): KeySource {
  const memories = new Map<string, Memory>();
  const { refreshSeconds = 3600, expireSeconds = 2 * 86_400, timeoutMs = 10_000, ca } = options;
  const { dangerouslyAllowHttp } = options;
  const ask =
    options.fetch ?? boundedFetch({ ca, timeoutMs, maxBytes: MAX_DOCUMENT_BYTES, dangerouslyAllowHttp });

  async function fetchNow(issuer: string, memory: Memory, at: number): Promise<readonly PublishedKey[]> {
    try {
      const keys = await fetchKeys(issuer, ask, dangerouslyAllowHttp === true);
      memory.good = { keys, fetchedAt: at };
      delete memory.failure;
      return keys;
    } catch (error) {
      memory.failure = { error, at };
      throw error;
    } finally {
      delete memory.running;
    }
  }

  return {
    async keysOf(issuer, unknownKeyId) {
      const at = options.now().getTime();
      const memory = memories.get(issuer) ?? {};
      if (memories.size >= MAX_ISSUERS) memories.clear();
      memories.set(issuer, memory);
      const age = memory.good === undefined ? Number.POSITIVE_INFINITY : (at - memory.good.fetchedAt) / 1000;
      const wantedAge = unknownKeyId === undefined ? refreshSeconds : PAUSE_SECONDS;
      // A clock that went back makes an age negative: such keys are fetched again.
      if (memory.good !== undefined && age >= 0 && age < wantedAge) return memory.good.keys;
      const isPausing =
        memory.failure !== undefined && Math.abs(at - memory.failure.at) < PAUSE_SECONDS * 1000;
      try {
        if (isPausing) throw memory.failure?.error;
        memory.running ??= fetchNow(issuer, memory, at);
        return await memory.running;
      } catch (error) {
        if (memory.good !== undefined && age < expireSeconds) return memory.good.keys;
        throw error;
      }
    },
  };
}

async function fetchKeys(
  issuer: string,
  ask: typeof fetch,
  allowHttp: boolean,
): Promise<readonly PublishedKey[]> {
  const metadata = await fetchMetadata(issuer, ask);
  const { issuer: named, jwks_uri: jwksUri } = Object(metadata) as Record<string, unknown>;
  if (named !== issuer) {
    throw wrong(
      issuer,
      `its document is about ${quoteValue(named, 100)}`,
      'both must be the same, to the last slash (RFC 8414 §3.3)',
    );
  }
  const scheme = typeof jwksUri === 'string' && URL.canParse(jwksUri) ? new URL(jwksUri).protocol : '';
  if (scheme !== 'https:' && !(scheme === 'http:' && allowHttp))
    throw wrong(issuer, 'its jwks_uri is no https URL');
  const { status, body } = await getJson(issuer, String(jwksUri), ask);
  if (status !== 200)
    throw wrong(issuer, `its keys answered with status ${status}`, undefined, status >= 500);
  const { keys } = parseJwks(body);
  if (keys.length === 0) throw wrong(issuer, 'it publishes no key that tokens can be verified with');
  return keys;
}

async function fetchMetadata(issuer: string, ask: typeof fetch): Promise<unknown> {
  const url = parseIssuer(issuer);
  const path = url.pathname.replace(/\/$/, '');
  const places = [
    `${url.origin}${path}/.well-known/openid-configuration`,
    `${url.origin}/.well-known/oauth-authorization-server${path}`,
  ];
  let status = 0;
  for (const place of places) {
    const answer = await getJson(issuer, place, ask);
    if (answer.status === 200) return answer.body;
    status = answer.status;
  }
  throw wrong(issuer, `its discovery document answered with status ${status}`, undefined, status >= 500);
}

async function getJson(
  issuer: string,
  url: string,
  ask: typeof fetch,
): Promise<{ readonly status: number; readonly body: unknown }> {
  let response: Response;
  try {
    response = await ask(url, { headers: { accept: 'application/json' }, redirect: 'manual' });
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    const { message: why, hint, retryable } = error;
    throw wrong(issuer, why, hint, retryable);
  }
  if (response.status !== 200) return { status: response.status, body: undefined };
  try {
    return { status: 200, body: JSON.parse(await response.text()) };
  } catch {
    throw wrong(issuer, `${new URL(url).pathname} is no JSON`);
  }
}

function wrong(issuer: string, why: string, hint?: string, retryable = false): LatchkeyError {
  return new LatchkeyError('tokens/issuer', `the keys of ${quote(issuer, 100)} cannot be had: ${why}`, {
    retryable,
    ...(hint === undefined ? {} : { hint }),
  });
}
