import { randomUUID } from 'node:crypto';
import { LatchkeyError, quote, Secret } from '../kit/index.ts';
import { signBytes } from './algorithm.ts';
import { parseScope } from './scope.ts';
import type { SigningKey } from './signing-key.ts';
import type { IssuedToken, TokenProfile, TokenRequest } from './token-request.ts';

/** Ten years; more is a typing error. */
const MAX_LIFETIME_SECONDS = 10 * 366 * 86_400;
const MAX_SKEW_SECONDS = 3600;

/** The claim that marks each profile. */
const MARKER: Readonly<Record<TokenProfile, Readonly<Record<string, string>>>> = {
  'scitokens:1.0': {},
  'scitokens:2.0': { ver: 'scitoken:2.0' },
  // Libraries in use compare with "1.0" and refuse later minor versions.
  'wlcg:1.0': { 'wlcg.ver': '1.0' },
};

const RESERVED = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'scope',
  'ver',
  'wlcg.ver',
  'wlcg.groups',
]);

/**
 * Signs a token. What makes it weaker than need be (`/`, any audience, a long life) is not refused: {@link findWeaknesses} tells.
 *
 * @throws LatchkeyError `tokens/value-invalid` for a request that no verifier would accept
 */
export function issueToken(request: TokenRequest, key: SigningKey, now: Date): IssuedToken {
  checkRequest(request);
  const iat = Math.floor(now.getTime() / 1000);
  const exp = iat + request.lifetimeSeconds;
  const id = randomUUID();
  const claims = {
    ...request.claims,
    ...MARKER[request.profile],
    iss: request.issuer,
    sub: request.subject,
    ...(request.audience.length === 0 ? {} : { aud: request.audience }),
    ...(request.scope === '' ? {} : { scope: request.scope }),
    ...(request.groups === undefined ? {} : { 'wlcg.groups': request.groups }),
    iat,
    nbf: iat - (request.notBeforeSkewSeconds ?? 0),
    exp,
    jti: id,
  };
  const header = { alg: key.algorithm, typ: 'JWT', kid: key.keyId };
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = signBytes(key.algorithm, Buffer.from(input), key.privateKey);
  return {
    token: new Secret(`${input}.${signature.toString('base64url')}`),
    id,
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(exp * 1000),
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function checkRequest(request: TokenRequest): void {
  const { profile, audience, lifetimeSeconds, notBeforeSkewSeconds: skew = 0 } = request;
  for (const [what, text] of [
    ['issuer', request.issuer],
    ['subject', request.subject],
  ] as const) {
    if (text === '' || /\p{Cc}/u.test(text)) {
      throw invalid(`the ${what} is text without control characters, not ${quote(text)}`);
    }
  }
  if (audience.length === 0 && profile !== 'scitokens:1.0') {
    throw invalid(`a token of the profile ${profile} needs an audience`, 'name the service it is for');
  }
  if (audience.some((one) => one === '')) throw invalid('an audience is never empty');
  if (!isWhole(lifetimeSeconds, 1, MAX_LIFETIME_SECONDS)) {
    throw invalid(`a token lives 1 to ${MAX_LIFETIME_SECONDS} whole seconds, not ${lifetimeSeconds}`);
  }
  if (!isWhole(skew, 0, MAX_SKEW_SECONDS)) {
    throw invalid(`nbf may be set back by 0 to ${MAX_SKEW_SECONDS} whole seconds, not ${skew}`);
  }
  const { findings } = parseScope(request.scope);
  if (findings[0] !== undefined) throw invalid(findings[0].message);
  const taken = Object.keys(request.claims ?? {}).find(
    (name) => RESERVED.has(name) && !(name === 'ver' && profile === 'scitokens:1.0'),
  );
  if (taken !== undefined) throw invalid(`the claim ${quote(taken)} is not one of the further claims`);
}

function isWhole(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

function invalid(message: string, hint?: string): LatchkeyError {
  return new LatchkeyError('tokens/value-invalid', message, hint === undefined ? {} : { hint });
}
