import { boundedFetch, type Clock, LatchkeyError, systemClock } from '../kit/index.ts';
import { type Ec2Access, endpointOf } from './access.ts';
import { failureOf, isWorthAsking } from './failure.ts';
import { encodeQuery, type Query } from './query.ts';
import { signForm } from './signature.ts';
import { parseXml, type XmlElement } from './xml.ts';

/** How a client asks. */
export interface Ec2Options {
  readonly clock?: Clock | undefined;
  /** Times that a request is made in all while the endpoint is unavailable; default 5. */
  readonly attempts?: number | undefined;
  /** Milliseconds for each of them; default 20 000. */
  readonly timeoutMs?: number | undefined;
  /** In [0, 1); for the back-off. */
  readonly random?: (() => number) | undefined;
  /** Instead of the kit's bounded one. */
  readonly fetch?: typeof fetch | undefined;
}

/** How one request is made. */
export interface AskOptions {
  /** Ends it early; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called before it is made again: the one before may have been carried out, or may still be. */
  readonly onRetry?: (() => void) | undefined;
}

/** Makes one request, and gives its answer. */
export type Ask = (query: Query, options?: AskOptions) => Promise<XmlElement>;

/** Descriptions of a thousand instances take some megabytes. */
const MAX_ANSWER_BYTES = 8 << 20;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 20_000;

/**
 * What makes requests of an account: signed anew for each try, with exponential back-off (full jitter, never before the endpoint
 * wishes) while the endpoint cannot answer. Errors carry `details.attempts`, and nothing of what was sent.
 *
 * @throws LatchkeyError `ec2/config` at once; then `ec2/refused`, `ec2/unavailable`, `ec2/bad-response`, `http/…`; the signal's reason
 */
export function exchanger(access: Ec2Access, options: Ec2Options = {}): Ask {
  const { clock = systemClock, attempts = 5, random = Math.random } = options;
  const url = endpointOf(access);
  const send =
    options.fetch ??
    boundedFetch({
      ca: access.ca,
      timeoutMs: options.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      // The kit's fetch lets it go to loopback only.
      dangerouslyAllowHttp: true,
    });
  return async (query, { signal, onRetry } = {}) => {
    const body = encodeQuery(query);
    const secrets = secretsIn(access, query);
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      const request = await signForm(url, body, access, clock.now());
      try {
        return await once(send, request.url, { ...request, method: 'POST' }, query.action, secrets, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof LatchkeyError)) throw error;
        if (attempt >= attempts || !isWorthAsking(error)) throw told(error, query.action, attempt);
        await clock.sleep(pauseMs(attempt, error, random()), signal);
        onRetry?.();
      }
    }
  };
}

async function once(
  send: typeof fetch,
  url: string,
  { method, headers, body }: { method: string; headers: Readonly<Record<string, string>>; body: string },
  action: string,
  secrets: readonly string[],
  signal: AbortSignal | undefined,
): Promise<XmlElement> {
  const response = await send(url, {
    method,
    headers: { ...headers, 'user-agent': 'latchkey' },
    body,
    redirect: 'manual',
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  if (response.status === 200) return await parseXml(text);
  const document = await parseXml(text).catch(() => undefined);
  throw failureOf(
    action,
    { status: response.status, document, retryAfterSeconds: retryAfter(response.headers.get('retry-after')) },
    secrets,
  );
}

function retryAfter(header: string | null): number | undefined {
  return header !== null && /^\d{1,5}$/.test(header) ? Number(header) : undefined;
}

function pauseMs(attempt: number, error: LatchkeyError, random: number): number {
  const wished = Number(error.details.retryAfterSeconds ?? 0) * 1000;
  const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return Math.max(Math.min(wished, 3 * LONGEST_PAUSE_MS), ceiling * random);
}

/** The same error, with what was asked and how often. */
function told(error: LatchkeyError, action: string, attempts: number): LatchkeyError {
  const { code, message, hint, retryable, details, cause } = error;
  return new LatchkeyError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    retryable,
    details: { ...details, action, attempts },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Everything of a request that must not be said back. */
function secretsIn(access: Ec2Access, query: Query): string[] {
  const parameters = query.parameters.flatMap(([, value]) => {
    if (typeof value === 'string') return [];
    const sent = value.revealText();
    return [sent, encodeURIComponent(sent), Buffer.from(sent, 'base64').toString('utf8')];
  });
  const token = access.sessionToken === undefined ? [] : [access.sessionToken.revealText()];
  return [access.secretAccessKey.revealText(), ...token, ...parameters];
}
