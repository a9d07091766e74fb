import type { AccessPolicy, ClientIdentity, Decision } from './access-policy.ts';
import type { CredentialId, CredentialRecord } from './credential.ts';

/** What {@link decideStore} decides about. */
export interface StoreRequest {
  readonly command: 'PUT' | 'STORE' | 'DESTROY';
  readonly id: CredentialId;
  readonly client: ClientIdentity;
  readonly policy: AccessPolicy;
  /** What is stored under that name now. */
  readonly credential: CredentialRecord | undefined;
  /** Refusal lines of {@link checkAcceptedMapping}; absent or empty = the mapping has nothing against it. */
  readonly mapping?: readonly string[];
}

/** PUT, STORE and DESTROY: mapping, accepted_credentials, then ownership. */
export function decideStore(_request: StoreRequest): Decision {
  throw new Error('not there yet');
}

/** CHANGE: only the owner. */
export function decideOwner(_client: ClientIdentity, _credential: CredentialRecord | undefined): Decision {
  throw new Error('not there yet');
}

/** TRUSTROOTS: the list authorized_retrievers alone. */
export function decideTrustRoots(_client: ClientIdentity, _policy: AccessPolicy): Decision {
  throw new Error('not there yet');
}
