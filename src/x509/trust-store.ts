import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import type { Name } from './name.ts';
import { formatOneline } from './name-oneline.ts';
import type { SigningPolicy } from './signing-policy.ts';
import { comparableOneline } from './signing-policy-pattern.ts';
import { canonicalName } from './subject-hash.ts';

/** Where trust comes from. Everything is in memory: validation never waits for a disk. */
export interface TrustStore {
  /** Trusted authority certificates whose subject is `name`; several after a key roll-over. */
  issuers(name: Name): readonly Certificate[];
  /** The namespace rule for certificates issued by `ca`, if there is one. */
  signingPolicy(ca: Certificate): SigningPolicy | undefined;
  /** Every CRL published under the name of `ca`; whether `ca` signed them is for the validation to find out. */
  crls(ca: Certificate): readonly Crl[];
}

/** What {@link memoryTrustStore} holds. */
export interface TrustMaterial {
  readonly authorities: readonly Certificate[];
  readonly signingPolicies?: readonly SigningPolicy[];
  readonly crls?: readonly Crl[];
}

/** A trust store made of values: for tests, for an embedded authority, and inside a trust directory. */
export function memoryTrustStore(material: TrustMaterial): TrustStore {
  const authorities = groupBy(material.authorities, (certificate) => nameKey(certificate.subject));
  const crls = groupBy(material.crls ?? [], (crl) => nameKey(crl.issuer));
  const policies = groupBy(material.signingPolicies ?? [], (policy) => comparableOneline(policy.authority));
  return {
    issuers: (name) => authorities.get(nameKey(name)) ?? [],
    signingPolicy: (ca) => mergePolicies(policies.get(comparableOneline(formatOneline(ca.subject))) ?? []),
    crls: (ca) => crls.get(nameKey(ca.subject)) ?? [],
  };
}

/** Several policies of one authority allow what any of them allows. */
function mergePolicies(policies: readonly SigningPolicy[]): SigningPolicy | undefined {
  const [first] = policies;
  if (first === undefined || policies.length === 1) return first;
  return { authority: first.authority, subjects: policies.flatMap((policy) => policy.subjects) };
}

function nameKey(name: Name): string {
  return canonicalName(name).toString('latin1');
}

function groupBy<Value>(values: readonly Value[], keyOf: (value: Value) => string): Map<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
