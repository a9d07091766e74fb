import { type Finding, isLatchkeyError } from '../kit/index.ts';
import { issueToken } from './issue-token.ts';
import { fixedKeys } from './jwk-set.ts';
import type { KeySource } from './key-source.ts';
import { parseIssuer } from './public-documents.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { TokenRequest } from './token-request.ts';
import { verifyToken } from './verify-token.ts';

/** What {@link checkIssuer} looks at. */
export interface IssuerCheck {
  readonly keys: SigningKeys;
  /** A token as users will get it; it is made, verified and thrown away. */
  readonly sample: TokenRequest;
  /** Where verifiers get the keys, {@link discoverKeys}; absent = only what can be seen from here. */
  readonly published?: KeySource | undefined;
}

/**
 * Will a verifier accept the tokens of this issuer? Makes one and verifies it, first with the keys that should be published, then
 * with those that are. Findings, none = yes.
 */
export async function checkIssuer(
  { keys, sample, published }: IssuerCheck,
  now: Date,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  try {
    parseIssuer(sample.issuer);
    const key = keys.signingKey(now);
    const { token } = issueToken(sample, key, now);
    const options = { issuers: [sample.issuer], audience: sample.audience, now };
    const here = await verifyToken(token, { ...options, keys: fixedKeys(keys.published(now)) });
    findings.push(...here.findings);
    if (published === undefined || !here.ok) return findings;
    const there = await verifyToken(token, { ...options, keys: published });
    findings.push(...there.findings.map((finding) => ({ ...finding, code: `published/${finding.code}` })));
    const known = new Set((await published.keysOf(sample.issuer)).map(({ keyId }) => keyId));
    for (const { keyId } of keys.published(now)) {
      if (known.has(keyId) || keyId === key.keyId) continue;
      const message = `the key "${keyId}" is not published yet: publish it before it signs`;
      findings.push({ code: 'published/key-missing', message, rule: 'WLCG profile, key lifetimes' });
    }
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    const message = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
    findings.push({ code: error.code, message });
  }
  return findings;
}
