import { LatchkeyError } from '../../kit/index.ts';
import type { CredentialPolicies } from '../../repository/index.ts';
import type { Given } from './given.ts';

/**
 * The policies an upload carries, from the options: a name becomes the expression over every DN with that common name, unless
 * `-x` says that names are expressions already.
 *
 * @throws LatchkeyError `cli/usage` for two options that set the same policy
 */
export function policiesOf(given: Given): CredentialPolicies {
  const expression = (name: string | undefined): string | undefined =>
    name === undefined || given.flag('expressions') ? name : `*/CN=${name}`;
  const either = (anyone: string, by: string): string | undefined => {
    const name = given.text(by);
    if (!given.flag(anyone)) return expression(name);
    if (name === undefined) return '*';
    throw new LatchkeyError('cli/usage', `--${anyone} and --${by} exclude each other`, {
      hint: 'store two credentials under different names (-k) to have both',
    });
  };
  const policies = {
    retrievers: either('anyone-retrieves', 'retrievable-by'),
    renewers: either('anyone-renews', 'renewable-by'),
    trustedRetrievers: expression(given.text('trusted-by')),
    keyRetrievers: expression(given.text('key-retrievable-by')),
  };
  return Object.fromEntries(Object.entries(policies).filter(([, value]) => value !== undefined));
}

/** True when the policies only make sense for a credential without pass phrase. */
export function implyNoPassPhrase(policies: CredentialPolicies): boolean {
  return policies.renewers !== undefined || policies.trustedRetrievers !== undefined;
}
