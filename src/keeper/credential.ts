import type { Secret } from '../kit/index.ts';

/** Something that can be shown to somebody to be let in, with a life that is really its own. */
export interface Credential {
  /** What it is: `token`, `x509-proxy`, …; the keeper treats all alike. */
  readonly kind: string;
  /** Who it speaks for, as its issuer says. */
  readonly subject?: string | undefined;
  /** What it allows, as its issuer says it (space-separated for tokens). */
  readonly scope?: string | undefined;
  /** Its public name for logs and audit: `jti`, serial number. Never the credential or a part of it. */
  readonly id?: string | undefined;
  readonly issuedAt: Date;
  /** Earliest end of anything in it (certificate chain, `exp`); `undefined` = its issuer does not say. */
  readonly expiresAt: Date | undefined;
  /** The bytes that work reads, as they are delivered. */
  readonly bytes: Secret;
}
