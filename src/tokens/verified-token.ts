import type { Finding } from '../kit/index.ts';
import type { Authorization } from './scope.ts';

/** What kind of token it is: which rules it was verified by. `wlcg` is any minor version of 1. */
export type TokenKind = 'scitokens:1.0' | 'scitokens:2.0' | 'wlcg' | 'at+jwt';

/** A token whose signature and claims were found good. */
export interface VerifiedToken {
  readonly kind: TokenKind;
  readonly issuer: string;
  /** SciTokens may have none. */
  readonly subject: string | undefined;
  /** Empty = none in the token (SciTokens 1.0: for everybody). */
  readonly audience: readonly string[];
  readonly authorizations: readonly Authorization[];
  /** As the token has them; they count only when it has no capability: {@link groupsOf}. */
  readonly groups: readonly string[];
  readonly issuedAt: Date | undefined;
  readonly expiresAt: Date;
  /** `jti`. */
  readonly id: string | undefined;
  readonly keyId: string;
  /** Every claim, as it came. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What a verification found. */
export type TokenReport =
  | { readonly ok: true; readonly token: VerifiedToken; readonly findings: readonly [] }
  | { readonly ok: false; readonly token?: undefined; readonly findings: readonly Finding[] };
