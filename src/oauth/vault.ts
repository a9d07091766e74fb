import * as v from 'valibot';
import { type Clock, LatchkeyError, quote, Secret, systemClock } from '../kit/index.ts';
import { parseRetryAfter } from './answer.ts';
import { redact } from './redaction.ts';
import { unavailable } from './refusal.ts';
import { jwtExpiry } from './token-answer.ts';
import { transportOf } from './transport.ts';

/** What {@link fetchVaultToken} is told. */
export interface VaultOptions {
  /** `https://<host>:8200/v1/secret/oauth/…`, as it is stored in the credential. */
  readonly url: string;
  readonly vaultToken: Secret;
  /** Least life that the answer must still have. */
  readonly minimumSeconds: number;
  /** Separated by blanks or commas. */
  readonly scopes?: string | undefined;
  readonly audience?: string | undefined;
  /** PEM certificates trusted besides the system's. */
  readonly ca?: string | undefined;
  /** Host names, as `TRUSTED_VAULT_HOSTS`; absent = any. */
  readonly trustedHosts?: readonly string[] | undefined;
  /** Default 10 000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  /** A Vault on another port than 8200, for tests. */
  readonly dangerouslyAllowAnyPort?: boolean | undefined;
  readonly fetch?: typeof fetch | undefined;
}

/** A bearer token out of a Vault. */
export interface VaultToken {
  readonly accessToken: Secret;
  /** The token's own `exp`; Vault does not say. */
  readonly expiresAt: Date | undefined;
}

const PORT = '8200';
const TIMEOUT_MS = 10_000;

const vaultAnswer = v.looseObject({
  data: v.looseObject({ access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,65536}$/)) }),
});
const vaultErrors = v.looseObject({ errors: v.array(v.string()) });

/**
 * Fetches a bearer token that a Vault (htvault-config) keeps fresh: GET with the header `X-Vault-Token`.
 *
 * @throws LatchkeyError `oauth/config` for a URL that is not https, port 8200, below `/v1/`, or of a host that is not trusted;
 * `oauth/vault-denied` when the Vault token is not accepted (any more); `oauth/unavailable`, `oauth/refused`,
 * `oauth/bad-response` and the errors of the network
 */
export async function fetchVaultToken(options: VaultOptions): Promise<VaultToken> {
  const url = checkVaultUrl(options);
  const { clock = systemClock, timeoutMs = TIMEOUT_MS } = options;
  const token = options.vaultToken.revealText();
  if (!/^[\x21-\x7e]{1,4096}$/.test(token)) {
    throw new LatchkeyError('oauth/config', 'expected a Vault token of visible ASCII characters', {
      hint: 'store the credential again (condor_vault_storer, htgettoken)',
    });
  }
  url.searchParams.set('minimum_seconds', String(options.minimumSeconds));
  if (options.scopes !== undefined && options.scopes !== '') url.searchParams.set('scopes', options.scopes);
  if (options.audience !== undefined && options.audience !== '') {
    // htvault-config's two plug-ins name it differently.
    url.searchParams.set(url.pathname.includes('/creds/') ? 'audience' : 'audiences', options.audience);
  }
  const send = transportOf({ ca: options.ca, timeoutMs, fetch: options.fetch });
  const response = await send(url.href, {
    headers: { 'x-vault-token': token, accept: 'application/json', 'user-agent': 'latchkey' },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const json = await readBody(response);
  const parsed = v.safeParse(vaultAnswer, json);
  if (response.status === 200 && parsed.success) {
    const accessToken = parsed.output.data.access_token;
    return { accessToken: new Secret(accessToken), expiresAt: jwtExpiry(accessToken) };
  }
  throw vaultFailure(response, json, `${url.origin}${url.pathname}`, token, clock);
}

/** The rules for a Vault's URL, checked before the token goes there. */
export function checkVaultUrl(
  options: Pick<VaultOptions, 'url' | 'trustedHosts' | 'dangerouslyAllowAnyPort'>,
): URL {
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  const isVault =
    url?.protocol === 'https:' &&
    (url.port === PORT || options.dangerouslyAllowAnyPort === true) &&
    /^\/v1(\/|$)/.test(url.pathname) &&
    url.username === '' &&
    url.password === '';
  if (url === undefined || !isVault) {
    const shown = url === undefined ? quote(options.url) : quote(`${url.origin}${url.pathname}`);
    throw new LatchkeyError(
      'oauth/config',
      `expected a Vault URL like https://host:8200/v1/…, got ${shown}`,
      {
        hint: 'store the credential again: its vault_url is not one',
      },
    );
  }
  const isTrusted = options.trustedHosts?.some((host) => host.toLowerCase() === url.hostname) ?? true;
  if (isTrusted) return url;
  throw new LatchkeyError('oauth/config', `the Vault host ${quote(url.hostname)} is not trusted`, {
    hint: 'use a Vault that TRUSTED_VAULT_HOSTS names, or ask the administrator to add this one',
  });
}

async function readBody(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await response.text());
  } catch {
    return undefined;
  }
}

function vaultFailure(
  response: Response,
  json: unknown,
  where: string,
  token: string,
  clock: Clock,
): LatchkeyError {
  const { status } = response;
  const errors = v.safeParse(vaultErrors, json);
  const said = errors.success ? redact(errors.output.errors.join('; '), [token]) : '';
  if (/permission denied/i.test(said)) {
    return new LatchkeyError('oauth/vault-denied', `${where} answered: ${said}`, {
      hint: 'the Vault token has ended or does not reach this path: submit again, or run htgettoken, to store a new one',
      details: { status },
    });
  }
  if (status === 429 || status >= 500) {
    return unavailable(
      where,
      status,
      parseRetryAfter(response.headers.get('retry-after'), clock.now()),
      said,
    );
  }
  if (said !== '') {
    return new LatchkeyError('oauth/refused', `${where} answered HTTP ${status}: ${said}`, {
      hint: "what is asked for must be allowed by the Vault's configuration",
      details: { status },
    });
  }
  return new LatchkeyError(
    'oauth/bad-response',
    `expected a token from ${where}, got HTTP ${status} without one`,
    {
      hint: 'is this the URL of a Vault?',
      details: { status },
    },
  );
}
