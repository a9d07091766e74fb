import type { AccessPolicy, ClientIdentity, Decision } from './access-policy.ts';
import type { CredentialId, CredentialRecord } from './credential.ts';

/** What {@link decideRetrieval} decides about. */
export interface RetrievalRequest {
  readonly command: 'GET' | 'RETRIEVE';
  readonly id: CredentialId;
  readonly client: ClientIdentity;
  readonly policy: AccessPolicy;
  /** The stored credential, if there is one. */
  readonly credential: CredentialRecord | undefined;
  /** One-line base identity of the stored chain, or of the certificate the CA would issue: for self-authorization. */
  readonly identity?: string | undefined;
  /** Could a CA serve this user when nothing is stored? Default `none`. */
  readonly issuer?: 'none' | 'unknown-user' | 'ready';
}

/** Which doors are open to a client before it has authenticated. */
export interface RetrievalDecision extends Decision {
  /** No second authentication needed for a key that is stored in the clear. */
  readonly isTrusted: boolean;
  readonly mayRetrieve: boolean;
  readonly mayRenew: boolean;
}

/** GET and RETRIEVE, first half: before authentication. */
export function decideRetrieval(_request: RetrievalRequest): RetrievalDecision {
  throw new Error('not there yet');
}

/** How the client has to authenticate. */
export type AuthenticationPlan =
  /** The request's pass phrase must open the key. */
  | { readonly kind: 'pass-phrase' }
  /** Nothing more: a trusted retriever of a key in the clear. */
  | { readonly kind: 'none' }
  /** Challenge for a signature of the stored credential's identity (methods 2 and 4). */
  | { readonly kind: 'certificate' }
  | { readonly kind: 'refused'; readonly lines: readonly string[] };

/** Which authentication comes next (no PAM or SASL). */
export function planAuthentication(
  _decision: RetrievalDecision,
  _stored: { readonly isEncrypted: boolean; readonly hasPassPhrase: boolean },
): AuthenticationPlan {
  throw new Error('not there yet');
}

/** What is known after authentication. */
export interface AuthenticatedRetrieval {
  readonly by: 'pass-phrase' | 'none' | 'certificate';
  /** The client's chain, or the one that answered the challenge, contains a limited proxy. */
  readonly clientIsLimited: boolean;
  /** The stored chain is itself limited. */
  readonly credentialIsLimited: boolean;
  /** `ignore_globus_limited_proxy_flag` */
  readonly ignoreLimited?: boolean;
}

/** GET and RETRIEVE, second half: after authentication. `issueLimited` = a proxy delegated now must be a limited one. */
export function decideAuthenticated(
  _request: RetrievalRequest,
  _decision: RetrievalDecision,
  _authenticated: AuthenticatedRetrieval,
): Decision & { readonly issueLimited: boolean } {
  throw new Error('not there yet');
}
