import type { Secret } from '../kit/index.ts';
import type { CredentialId, CredentialPolicies } from './credential.ts';

/** Pass phrases shorter than this are refused, and never tried on a key. */
export const MIN_PASS_PHRASE_BYTES = 6;

/** The new pass phrase and what it is for. */
export interface PassPhraseCandidate
  extends CredentialId,
    Pick<CredentialPolicies, 'retrievers' | 'renewers'> {
  readonly passPhrase: Secret;
  /** The client's one-line DN. */
  readonly dn: string;
}

/** Refusal lines for a new pass phrase (PUT, CHANGE); empty = accepted. `program` is `passphrase_policy_program`. */
export function checkPassPhrasePolicy(
  _candidate: PassPhraseCandidate,
  _options: { readonly program?: string | undefined; readonly signal?: AbortSignal } = {},
): Promise<readonly string[]> {
  throw new Error('not there yet');
}
