import type { Secret } from '../kit/index.ts';

/** What a token endpoint answered (RFC 6749 §5.1), checked and bounded. */
export interface TokenResponse {
  readonly accessToken: Secret;
  /** `Bearer`. */
  readonly tokenType: string;
  /** From `expires_in`, else the token's own `exp` when it is a JWT; `undefined` = nobody says. */
  readonly expiresAt: Date | undefined;
  /** As answered, seconds. */
  readonly expiresIn: number | undefined;
  /** Space-separated, as answered; absent = as asked. */
  readonly scope: string | undefined;
  /** A new refresh token; absent = the old one stays. */
  readonly refreshToken: Secret | undefined;
  /** The user as the server knows them: `sub` (ID token, verified), for people and for binding an account to a user. */
  readonly subject:
    | { readonly issuer: string; readonly subject: string; readonly name?: string | undefined }
    | undefined;
  /** The answer's JSON members as they came, without `refresh_token`. Holds secrets: for `.use` files only. */
  readonly members: Readonly<Record<string, unknown>>;
}
