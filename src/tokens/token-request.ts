import type { Secret } from '../kit/index.ts';

/** Which claims mark the token, and which it must have. `scitokens:1.0` has no marker; `wlcg:1.0` writes `wlcg.ver`. */
export type TokenProfile = 'scitokens:1.0' | 'scitokens:2.0' | 'wlcg:1.0';

/** What a token shall say. */
export interface TokenRequest {
  readonly profile: TokenProfile;
  readonly issuer: string;
  readonly subject: string;
  /** Required by SciTokens 2.0 and WLCG; always written as a list. */
  readonly audience: readonly string[];
  /** Space-separated authorizations. */
  readonly scope: string;
  /** `wlcg.groups`. */
  readonly groups?: readonly string[] | undefined;
  readonly lifetimeSeconds: number;
  /** Seconds that `nbf` lies before `iat`, for verifiers whose clock is late; default 0. */
  readonly notBeforeSkewSeconds?: number | undefined;
  /** Further claims; none of those above. With `scitokens:1.0` it may be a `ver` of your own. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** A signed token and what is in it. */
export interface IssuedToken {
  /** The compact JWS. */
  readonly token: Secret;
  /** `jti`. */
  readonly id: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}
