import * as v from 'valibot';
import { LatchkeyError, Secret } from '../kit/index.ts';
import type { TokenResponse } from './token-response.ts';

const MAX_TOKEN = 65_536;

/** A token goes into headers and one-line files: visible ASCII only (RFC 6750 §2.1 allows less still). */
const tokenText = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_TOKEN), v.regex(/^[\x21-\x7e]+$/));

const tokenAnswer = v.looseObject({
  access_token: tokenText,
  /** RFC 6749 requires it; servers forget it. RFC 8693 §2.2.1 has `N_A`. */
  token_type: v.optional(v.pipe(v.string(), v.regex(/^(bearer|n_a)$/i)), 'Bearer'),
  refresh_token: v.optional(v.nullable(v.union([v.literal(''), tokenText]))),
  /** A list is none of RFC 6749's, but known. */
  scope: v.optional(v.nullable(v.union([v.string(), v.array(v.string())]))),
  expires_in: v.optional(v.unknown()),
  id_token: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(MAX_TOKEN)))),
});

/** Ten years: more is a mistake of the server, and dates have an end. */
const MAX_LIFETIME = 315_360_000;

/**
 * A token endpoint's JSON as a {@link TokenResponse} without `subject`, which needs the ID token's verification.
 * `expires_in` may be a number or a number in text; what is neither, or not positive, counts as absent.
 *
 * @throws LatchkeyError `oauth/bad-response`
 */
export function parseTokenAnswer(
  json: Readonly<Record<string, unknown>>,
  where: string,
  now: Date,
): TokenResponse {
  const parsed = v.safeParse(tokenAnswer, json, { abortEarly: true });
  if (!parsed.success) throw malformed(where, String(parsed.issues[0].path?.[0]?.key ?? ''));
  const { access_token, token_type, refresh_token, scope, expires_in } = parsed.output;
  const { refresh_token: _, ...members } = json;
  const expiresIn = seconds(expires_in);
  return {
    accessToken: new Secret(access_token),
    tokenType: /^n_a$/i.test(token_type) ? token_type : 'Bearer',
    expiresIn,
    expiresAt:
      expiresIn === undefined
        ? jwtExpiry(access_token)
        : new Date(now.getTime() + Math.min(expiresIn, MAX_LIFETIME) * 1_000),
    scope: Array.isArray(scope) ? scope.join(' ') : (scope ?? undefined),
    refreshToken:
      refresh_token === undefined || refresh_token === null || refresh_token === ''
        ? undefined
        : new Secret(refresh_token),
    subject: undefined,
    members,
  };
}

/** `exp` of a token that reads as a JWT, unverified: good for planning only. */
export function jwtExpiry(token: string): Date | undefined {
  const exp = jwtClaims(token)?.exp;
  if (typeof exp !== 'number' || !(exp > 0) || exp > 253_402_300_799) return undefined;
  return new Date(exp * 1_000);
}

/** Claims of a token that reads as a JWT, unverified. */
export function jwtClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const parts = token.split('.');
  if (parts.length !== 3 || parts[1] === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1], 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*\d{1,12}(\.\d*)?\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : undefined;
}

const EXPECTED: Readonly<Record<string, string>> = {
  access_token: 'an access token of visible ASCII characters',
  refresh_token: 'a refresh token of visible ASCII characters',
  token_type: 'a token of the type Bearer',
};

function malformed(where: string, member: string): LatchkeyError {
  const expected = EXPECTED[member] ?? `a well-formed ${member}`;
  return new LatchkeyError(
    'oauth/bad-response',
    `expected ${expected} from ${where}, got none or another value`,
    {
      hint: "the server's answer cannot be used: ask its operator, or check the token URL",
      details: { member },
    },
  );
}
