import type { Secret } from '../kit/index.ts';
import { callOut, outputLines } from './call-out.ts';
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

/**
 * Refusal lines for a new pass phrase (PUT, CHANGE); empty = accepted. An empty pass phrase is allowed by itself: the
 * key is then stored in the clear. `program` is `passphrase_policy_program`: it reads the pass phrase and LF, gets
 * user name, DN, credential name, retrievers and renewers as arguments, and accepts by exit status 0.
 *
 * @throws LatchkeyError `program/failed`, `program/timed-out` when the program cannot tell
 */
export async function checkPassPhrasePolicy(
  candidate: PassPhraseCandidate,
  options: { readonly program?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly string[]> {
  const { passPhrase, username, dn, name, retrievers, renewers } = candidate;
  if (!passPhrase.isEmpty && passPhrase.length < MIN_PASS_PHRASE_BYTES) {
    return [`Pass phrase too short.  Must be at least ${MIN_PASS_PHRASE_BYTES} characters long.`];
  }
  if (options.program === undefined) return [];
  const input = Buffer.concat([passPhrase.reveal(), Buffer.from('\n')]);
  const args = [username, dn, name ?? '', retrievers ?? '', renewers ?? ''];
  const result = await callOut(options.program, args, { input, signal: options.signal });
  input.fill(0);
  if (result.code === 0) return [];
  return ['Pass phrase violates local policy.', ...outputLines(result)];
}
