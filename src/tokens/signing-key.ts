import type { KeyObject } from 'node:crypto';

/** A key that tokens are signed with. */
export interface SigningKey {
  /** `kid` of the token's header and of the published key. */
  readonly keyId: string;
  readonly algorithm: 'ES256' | 'RS256' | 'EdDSA';
  readonly privateKey: KeyObject;
}
