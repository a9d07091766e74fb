import type { Finding } from '../kit/index.ts';

/** Why a token is refused; a closed list, which `docs/tokens.md` explains. */
export type RejectionCode =
  | 'token/too-large'
  | 'token/malformed'
  | 'header/algorithm'
  | 'header/type'
  | 'header/critical'
  | 'header/nested'
  | 'key/id'
  | 'key/unknown'
  | 'key/ambiguous'
  | 'key/algorithm'
  | 'signature'
  | 'profile'
  | 'claim/missing'
  | 'claim/malformed'
  | 'claim/unknown'
  | 'issuer'
  | 'audience'
  | 'time/expired'
  | 'time/not-yet'
  | 'time/order'
  | 'time/too-long'
  | 'scope';

/** One reason to refuse a token. */
export interface Rejection extends Finding {
  readonly code: RejectionCode;
}

/** Makes a {@link Rejection}. @param rule section of the RFC or profile */
export function rejection(code: RejectionCode, message: string, rule: string): Rejection {
  return { code, message, rule };
}
