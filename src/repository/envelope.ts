import type { Secret } from '../kit/index.ts';
import type { CredentialRecord } from './credential.ts';

/** A second envelope around what is stored, under a key of the server's. */
export interface Envelope {
  /** The text to keep instead of `pem`. */
  seal(pem: Secret, bound: Pick<CredentialRecord, 'username' | 'name' | 'owner'>): Promise<Secret> | Secret;
  open(
    stored: Secret,
    bound: Pick<CredentialRecord, 'username' | 'name' | 'owner'>,
  ): Promise<Secret> | Secret;
}
