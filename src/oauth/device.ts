import { deviceAuthorizationRequest, deviceCodeGrantRequest } from 'oauth4webapi';
import * as v from 'valibot';
import { isLatchkeyError, LatchkeyError, printable, Secret, systemClock } from '../kit/index.ts';
import { readJson } from './answer.ts';
import { type OAuthClient, type RequestOptions, type TokenWish, wishParameters } from './client.ts';
import { serverMetadata } from './discovery.ts';
import { askEndpoint, askForToken } from './endpoint-request.ts';
import { subjectOf } from './id-token.ts';
import type { TokenResponse } from './token-response.ts';

/** A device login that has begun (RFC 8628 §3.2). */
export interface DeviceLogin {
  readonly deviceCode: Secret;
  /** For the user to type; printable. */
  readonly userCode: string;
  /** Where; https, and as URLs are written: whatever else a server puts in is escaped. */
  readonly verificationUrl: string;
  /** The same with the code in it, when the server offers it. */
  readonly completeUrl: string | undefined;
  readonly expiresAt: Date;
  /** Seconds between polls. */
  readonly intervalSeconds: number;
}

/** RFC 8628 §3.2: what holds when the server does not say. */
const DEFAULT_INTERVAL = 5;
/** RFC 8628 §3.5: what `slow_down` adds. */
const SLOWER_BY = 5;
const LONGEST_INTERVAL = 60;
const LONGEST_LOGIN = 3_600;

const url = v.pipe(v.string(), v.url(), v.maxLength(2_000));
const positive = v.pipe(v.number(), v.minValue(1));

const deviceAnswer = v.looseObject({
  device_code: v.pipe(v.string(), v.regex(/^[\x20-\x7e]{1,4096}$/)),
  user_code: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  verification_uri: url,
  verification_uri_complete: v.optional(url),
  expires_in: v.fallback(positive, 600),
  interval: v.fallback(v.optional(positive, DEFAULT_INTERVAL), DEFAULT_INTERVAL),
});

/**
 * Asks for a code that the user confirms in any browser (RFC 8628 §3.1).
 *
 * @throws LatchkeyError `oauth/config` when the server has no such flow, `oauth/refused`, `oauth/bad-response`, `oauth/unavailable`
 * and the errors of the network
 */
export async function beginDeviceLogin(
  client: OAuthClient,
  options: RequestOptions & TokenWish = {},
): Promise<DeviceLogin> {
  const { clock = systemClock } = options;
  const answer = await askEndpoint(client, 'device_authorization_endpoint', options, (prepared) =>
    deviceAuthorizationRequest(
      prepared.server,
      prepared.client,
      prepared.authentication,
      wishParameters(options),
      prepared.options,
    ),
  );
  const parsed = v.safeParse(deviceAnswer, await readJson(answer, clock), { abortEarly: true });
  const member = parsed.success ? insecureMember(parsed.output, client) : parsed.issues[0].path?.[0]?.key;
  if (!parsed.success || member !== undefined) {
    throw new LatchkeyError('oauth/bad-response', `expected a usable ${member} from ${answer.where}`, {
      hint: "the server's answer cannot be used: ask its operator",
    });
  }
  const { output } = parsed;
  const lifetime = Math.min(output.expires_in, LONGEST_LOGIN);
  return {
    deviceCode: new Secret(output.device_code),
    userCode: printable(output.user_code),
    verificationUrl: new URL(output.verification_uri).href,
    completeUrl:
      output.verification_uri_complete === undefined
        ? undefined
        : new URL(output.verification_uri_complete).href,
    expiresAt: new Date(clock.now().getTime() + lifetime * 1_000),
    intervalSeconds: Math.min(output.interval, LONGEST_INTERVAL),
  };
}

/**
 * Polls until the user has confirmed, no faster than the server wants: five seconds slower after each `slow_down`, twice as slow
 * after a failure of server or network.
 *
 * @throws LatchkeyError `oauth/denied`, `oauth/expired`, and every error that waiting does not mend; the signal's reason
 */
export async function awaitDeviceLogin(
  client: OAuthClient,
  login: DeviceLogin,
  options: RequestOptions = {},
): Promise<TokenResponse> {
  const { clock = systemClock, signal } = options;
  let interval = login.intervalSeconds;
  while (clock.now().getTime() + interval * 1_000 < login.expiresAt.getTime()) {
    await clock.sleep(interval * 1_000, signal);
    try {
      return await pollDeviceLogin(client, login, options);
    } catch (error) {
      if (!isLatchkeyError(error) || !error.retryable) throw error;
      interval = nextInterval(interval, error);
    }
  }
  throw new LatchkeyError('oauth/expired', `the code ${login.userCode} was not confirmed in time`, {
    hint: 'start again, and confirm the new code',
  });
}

/**
 * Asks once whether the user has confirmed (RFC 8628 §3.4).
 *
 * @throws LatchkeyError `oauth/pending` (retryable) while not; else as {@link awaitDeviceLogin}
 */
export async function pollDeviceLogin(
  client: OAuthClient,
  login: Pick<DeviceLogin, 'deviceCode'>,
  options: RequestOptions = {},
): Promise<TokenResponse> {
  const token = await askForToken(client, options, (prepared) =>
    deviceCodeGrantRequest(
      prepared.server,
      prepared.client,
      prepared.authentication,
      login.deviceCode.revealText(),
      prepared.options,
    ),
  );
  if (token.members.id_token === undefined || client.issuer === undefined) return token;
  const server = await serverMetadata(client, [], { ...options, alwaysDiscover: true });
  return { ...token, subject: await subjectOf(token, server, client, undefined, options) };
}

function nextInterval(interval: number, error: LatchkeyError): number {
  if (error.details.oauthError === 'slow_down') return Math.min(interval + SLOWER_BY, LONGEST_INTERVAL);
  if (error.code === 'oauth/pending') return interval;
  return Math.min(interval * 2, LONGEST_INTERVAL);
}

/** People are sent to these addresses: https, or plain http where that is allowed. */
function insecureMember(
  answer: { verification_uri: string; verification_uri_complete?: string | undefined },
  client: OAuthClient,
): string | undefined {
  const isFine = (address: string): boolean => {
    const { protocol } = new URL(address);
    return protocol === 'https:' || (protocol === 'http:' && client.dangerouslyAllowHttp === true);
  };
  if (!isFine(answer.verification_uri)) return 'verification_uri';
  const complete = answer.verification_uri_complete;
  return complete === undefined || isFine(complete) ? undefined : 'verification_uri_complete';
}
