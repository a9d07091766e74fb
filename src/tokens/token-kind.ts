import { quoteValue } from '../kit/index.ts';
import { type Rejection, rejection } from './rejection.ts';
import type { Vocabulary } from './scope.ts';
import type { TokenKind } from './verified-token.ts';

interface KindRules {
  readonly required: readonly string[];
  /** The audience that means everybody. */
  readonly anyAudience: string | undefined;
  /** All claims it may have; absent = others are ignored. */
  readonly understands?: readonly string[];
  readonly needsKeyId: boolean;
  /** Whose scopes count; absent = all. */
  readonly vocabulary: Vocabulary | undefined;
  readonly groupsClaim: string | undefined;
  readonly rule: string;
}

/** What each kind of token must and may have. */
export const KIND_RULES: Readonly<Record<TokenKind, KindRules>> = {
  'scitokens:1.0': {
    required: ['iss', 'exp', 'iat', 'nbf', 'scope'],
    // A token without audience is for everybody; "ANY" is a word of 2.0.
    anyAudience: undefined,
    understands: ['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'scope', 'ver'],
    needsKeyId: false,
    vocabulary: 'scitokens',
    groupsClaim: undefined,
    rule: 'SciTokens 1.0',
  },
  'scitokens:2.0': {
    required: ['iss', 'exp', 'iat', 'nbf', 'aud', 'scope'],
    anyAudience: 'ANY',
    needsKeyId: false,
    vocabulary: 'scitokens',
    groupsClaim: undefined,
    rule: 'SciTokens 2.0',
  },
  wlcg: {
    required: ['iss', 'sub', 'exp', 'iat', 'aud', 'jti'],
    anyAudience: 'https://wlcg.cern.ch/jwt/v1/any',
    needsKeyId: true,
    vocabulary: 'wlcg',
    groupsClaim: 'wlcg.groups',
    rule: 'WLCG common JWT profile',
  },
  'at+jwt': {
    required: ['iss', 'sub', 'exp', 'iat', 'aud', 'jti', 'client_id'],
    anyAudience: undefined,
    needsKeyId: false,
    vocabulary: undefined,
    groupsClaim: 'groups',
    rule: 'RFC 9068 §2.2',
  },
};

/** Every kind of token, by name. */
export const TOKEN_KINDS = Object.keys(KIND_RULES) as readonly TokenKind[];

const SCITOKENS: Readonly<Record<string, TokenKind>> = {
  'scitoken:1.0': 'scitokens:1.0',
  'scitokens:1.0': 'scitokens:1.0',
  'scitoken:2.0': 'scitokens:2.0',
  // What releases of HTCondor before 23.0.10 wrote.
  'scitokens:2.0': 'scitokens:2.0',
};

/** Which kind a token says it is. A token that claims two, or one nobody knows, is none. */
export function kindOf(
  claims: Readonly<Record<string, unknown>>,
  isAccessToken: boolean,
): TokenKind | Rejection {
  const { ver, 'wlcg.ver': wlcg } = claims;
  if (wlcg !== undefined) {
    if (ver !== undefined)
      return rejection('profile', 'the token says two profiles: ver and wlcg.ver', 'verifier');
    // Minor versions add what a verifier may leave aside (profile 1.3).
    if (typeof wlcg === 'string' && /^1\.\d{1,3}$/.test(wlcg)) return 'wlcg';
    return rejection('profile', `wlcg.ver is ${quoteValue(wlcg, 30)}, not 1.x`, 'WLCG common JWT profile');
  }
  if (ver === undefined) return isAccessToken ? 'at+jwt' : 'scitokens:1.0';
  const kind = typeof ver === 'string' && Object.hasOwn(SCITOKENS, ver) ? SCITOKENS[ver] : undefined;
  // RFC 9068 knows no ver, and servers write versions of their own there.
  if (kind === undefined && isAccessToken) return 'at+jwt';
  return (
    kind ?? rejection('profile', `ver is ${quoteValue(ver, 30)}, no version of SciTokens`, 'SciTokens 2.0')
  );
}
