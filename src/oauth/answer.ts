import { type Clock, LatchkeyError } from '../kit/index.ts';
import { redact } from './redaction.ts';
import { refusal, unavailable } from './refusal.ts';

/** One answer of a server with what the reader must know to speak of it. */
export interface Answer {
  readonly response: Response;
  /** The endpoint without query, for messages. */
  readonly where: string;
  /** What the request carried and no message may. */
  readonly secrets: readonly string[];
}

/** The longest `Retry-After` that is believed: a day. */
const MAX_RETRY_AFTER = 86_400;

/**
 * The JSON object of a successful answer.
 *
 * @param isSuccess which statuses are; default 200
 * @throws LatchkeyError what the server refused (`oauth/invalid-grant`, `oauth/refused`, `oauth/denied`, `oauth/expired`,
 * `oauth/pending`), `oauth/unavailable` for 429 and 5xx, `oauth/bad-response` for everything that is no OAuth answer
 */
export async function readJson(
  { response, where, secrets }: Answer,
  clock: Clock,
  isSuccess: (status: number) => boolean = (status) => status === 200,
): Promise<Record<string, unknown>> {
  const { status } = response;
  const retryAfter = parseRetryAfter(response.headers.get('retry-after'), clock.now());
  if (status >= 300 && status < 400) throw redirected(where, status);
  const json = await objectOf(response);
  if (isSuccess(status)) {
    if (json === undefined) throw notJson(where, response);
    if (typeof json.error !== 'string' || 'access_token' in json) return json;
  }
  const error = typeof json?.error === 'string' ? json.error : undefined;
  const description = typeof json?.error_description === 'string' ? json.error_description : undefined;
  if (status === 429 || status >= 500) {
    const said = redact([error, description].filter((part) => part !== undefined).join(': '), secrets);
    throw unavailable(where, status, retryAfter, said);
  }
  if (error !== undefined) throw refusal({ error, description, status, retryAfter, where }, secrets);
  throw new LatchkeyError('oauth/bad-response', `${where} answered HTTP ${status} without an OAuth error`, {
    hint: status === 404 ? 'check the URL of this endpoint' : 'is this the URL of an authorization server?',
    details: { status },
  });
}

/** Seconds to wait (RFC 9110 §10.2.3: a number or a date), at most a day. */
export function parseRetryAfter(value: string | null, now: Date): number | undefined {
  if (value === null) return undefined;
  const date = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN;
  const seconds = /^\d{1,9}$/.test(value.trim()) ? Number(value) : Math.ceil((date - now.getTime()) / 1_000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER) : undefined;
}

async function objectOf(response: Response): Promise<Record<string, unknown> | undefined> {
  if (!isJsonType(response)) return undefined;
  try {
    const json: unknown = JSON.parse(await response.text());
    if (typeof json === 'object' && json !== null && !Array.isArray(json))
      return json as Record<string, unknown>;
  } catch {
    // JSON.parse quotes its input in the error: nothing of it is kept.
  }
  return undefined;
}

function isJsonType(response: Response): boolean {
  return /^application\/([\w.+-]+\+)?json$/i.test(mediaType(response));
}

function mediaType(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
}

function notJson(where: string, response: Response): LatchkeyError {
  const type = redact(mediaType(response), []).slice(0, 60);
  const got = isJsonType(response) ? 'something else under that name' : type === '' ? 'no media type' : type;
  return new LatchkeyError('oauth/bad-response', `expected a JSON object from ${where}, got ${got}`, {
    hint: /html/i.test(type)
      ? 'this is a web page: check the URL; a proxy or a login page may answer in its place'
      : 'check that this is the URL of an authorization server',
    details: { status: response.status },
  });
}

function redirected(where: string, status: number): LatchkeyError {
  return new LatchkeyError('oauth/bad-response', `${where} answered a redirect (HTTP ${status})`, {
    hint: 'secrets are not sent on to other addresses: configure the final URL',
    details: { status },
  });
}
