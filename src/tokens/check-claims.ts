import { quote } from '../kit/index.ts';
import type { HeaderFacts } from './choose-key.ts';
import { type Rejection, type RejectionCode, rejection } from './rejection.ts';
import { type Authorization, parseScope } from './scope.ts';
import { KIND_RULES, kindOf } from './token-kind.ts';
import type { TokenKind, VerifiedToken } from './verified-token.ts';

/** What the claims are held against. */
export interface ClaimExpectations {
  readonly audience: readonly string[];
  readonly kinds: readonly TokenKind[];
  readonly now: Date;
  readonly clockSkewSeconds: number;
  readonly maxLifetimeSeconds: number | undefined;
}

/** Last second of the year 9999: `Date` and people's tools end there. */
const MAX_TIME = 253_402_300_799;
const MAX_AUDIENCES = 100;
const MAX_GROUPS = 1000;
const GROUP = /^(\/[A-Za-z0-9_.-]+)+$/;

/** Checks every claim and says all that is wrong. Pure; the signature and issuer are somebody else's. */
export function checkClaims(
  claims: Readonly<Record<string, unknown>>,
  header: HeaderFacts,
  expected: ClaimExpectations,
): VerifiedToken | readonly Rejection[] {
  const kind = kindOf(claims, header.isAccessToken);
  if (typeof kind !== 'string') return [kind];
  if (!expected.kinds.includes(kind)) {
    return [rejection('profile', `the token is of the kind ${kind}, which is not accepted here`, 'verifier')];
  }
  const rules = KIND_RULES[kind];
  const wrong: Rejection[] = [];
  const say = (code: RejectionCode, message: string, rule = rules.rule): void => {
    wrong.push(rejection(code, message, rule));
  };
  for (const name of rules.required)
    if (claims[name] === undefined) say('claim/missing', `the claim ${name} is missing`);
  for (const name of ['iss', 'sub', 'jti', 'scope', 'client_id']) {
    const value = claims[name];
    if (value !== undefined && typeof value !== 'string')
      say('claim/malformed', `the claim ${name} is no text`);
  }
  if (rules.understands !== undefined) {
    const strange = Object.keys(claims).find((name) => !rules.understands?.includes(name));
    if (strange !== undefined) say('claim/unknown', `the claim ${quote(strange, 50)} is not understood`);
  }
  if (header.keyId === undefined && rules.needsKeyId) say('key/id', 'the token names no key');
  const audience = checkAudience(claims.aud, kind, expected.audience, say);
  const times = checkTimes(claims, expected, say);
  const { authorizations, findings } = parseScope(textOf(claims.scope) ?? '');
  for (const finding of findings) say('scope', finding.message, finding.rule);
  const groups = checkGroups(
    rules.groupsClaim === undefined ? undefined : claims[rules.groupsClaim],
    kind,
    say,
  );
  if (wrong.length > 0) return wrong;
  return {
    kind,
    issuer: textOf(claims.iss) ?? '',
    subject: textOf(claims.sub),
    audience,
    authorizations: authorizations.filter(isOfVocabulary(rules.vocabulary)),
    groups,
    issuedAt: times.issuedAt === undefined ? undefined : new Date(times.issuedAt * 1000),
    expiresAt: new Date((times.expiresAt ?? 0) * 1000),
    id: textOf(claims.jti),
    keyId: header.keyId ?? '',
    claims,
  };
}

type Say = (code: RejectionCode, message: string, rule?: string) => void;

function checkAudience(aud: unknown, kind: TokenKind, mine: readonly string[], say: Say): readonly string[] {
  const { anyAudience } = KIND_RULES[kind];
  // A missing one is either fine (SciTokens 1.0: for everybody) or reported as missing.
  if (aud === undefined) return [];
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const texts = list.filter((one) => typeof one === 'string' && one !== '') as string[];
  if (texts.length !== list.length || list.length === 0 || list.length > MAX_AUDIENCES) {
    say(
      'claim/malformed',
      `the audience is neither a text nor a list of 1 to ${MAX_AUDIENCES} texts`,
      'RFC 7519 §4.1.3',
    );
  } else if (!texts.some((one) => mine.includes(one) || one === anyAudience)) {
    const [first = ''] = texts;
    say(
      'audience',
      `the token is for ${quote(first, 100)}, not for ${mine[0] === undefined ? 'us' : quote(mine[0], 100)}`,
      'RFC 7519 §4.1.3',
    );
  }
  return texts;
}

interface Times {
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
}

function checkTimes(claims: Readonly<Record<string, unknown>>, expected: ClaimExpectations, say: Say): Times {
  const read = (name: string): number | undefined => {
    const value = claims[name];
    if (value === undefined) return undefined;
    // RFC 7519 allows fractions; no issuer writes them, and verifiers differ in what they make of them.
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_TIME) return value;
    say('claim/malformed', `the claim ${name} is no whole number of seconds`, 'RFC 7519 §2');
    return undefined;
  };
  const [exp, nbf, iat] = [read('exp'), read('nbf'), read('iat')];
  const now = expected.now.getTime() / 1000;
  const skew = expected.clockSkewSeconds;
  if (exp !== undefined && now >= exp + skew)
    say('time/expired', `the token expired ${agoText(now - exp)} ago`, 'RFC 7519 §4.1.4');
  const [start, name] = (nbf ?? 0) >= (iat ?? 0) ? [nbf, 'nbf'] : [iat, 'iat'];
  if (start !== undefined && now < start - skew) {
    say('time/not-yet', `the token is valid in ${agoText(start - now)} only (${name})`, 'RFC 7519 §4.1.5');
  }
  if (exp !== undefined && start !== undefined && exp <= start) {
    say('time/order', `the token ends before it begins (${name})`, 'RFC 7519 §4.1');
  }
  const { maxLifetimeSeconds } = expected;
  if (maxLifetimeSeconds !== undefined && exp !== undefined && exp - (iat ?? nbf ?? 0) > maxLifetimeSeconds) {
    say('time/too-long', `the token lives longer than ${maxLifetimeSeconds} s`, 'verifier');
  }
  return { issuedAt: iat, expiresAt: exp };
}

function checkGroups(value: unknown, kind: TokenKind, say: Say): readonly string[] {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isGroup = (one: unknown): one is string =>
    typeof one === 'string' && one.length <= 256 && (kind !== 'wlcg' || GROUP.test(one));
  if (Array.isArray(value) && list.length <= MAX_GROUPS && list.every(isGroup)) return list;
  say('claim/malformed', `the groups are no list of up to ${MAX_GROUPS} names`, 'WLCG profile, wlcg.groups');
  return [];
}

/** Words of the other vocabulary are nothing in this one: `read:/` in a WLCG token allows nobody to read. */
function isOfVocabulary(vocabulary: Authorization['vocabulary']): (one: Authorization) => boolean {
  return (one) => vocabulary === undefined || one.vocabulary === undefined || one.vocabulary === vocabulary;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function agoText(seconds: number): string {
  return `${Math.max(0, Math.floor(seconds))} s`;
}
