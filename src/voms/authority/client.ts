import { type LruCache, quote } from '../../kit/index.ts';
import {
  type Certificate,
  formatOneline,
  hasUniqueOneline,
  isSameName,
  type TrustStore,
  validatePath,
} from '../../x509/index.ts';
import type { AttributeClient } from './decision.ts';

/** Who asks, and the certificate that attributes are made for. */
export interface IdentifiedClient extends AttributeClient {
  readonly holder: Certificate;
}

/** What client chains are judged by. */
export interface ClientCheck {
  readonly trust: TrustStore;
  readonly now: Date;
  readonly verified?: LruCache<string, true>;
}

/**
 * Judges the chain a client showed in TLS, which may begin with proxies.
 *
 * @returns the client, or why it is none, in one line
 */
export function identifyClient(
  chain: readonly Certificate[],
  { trust, now, verified }: ClientCheck,
): IdentifiedClient | string {
  if (chain.length === 0) return 'your program showed no certificate';
  const report = validatePath(chain, { trust, now, ...(verified === undefined ? {} : { verified }) });
  const { identity, endEntity } = report;
  if (!report.ok || identity === undefined || endEntity === undefined) {
    const [first] = report.findings;
    return `your certificate was not accepted: ${first?.message ?? 'it has no identity'}`;
  }
  // An independent proxy is somebody of its own, and its attributes would be those of another.
  if (!isSameName(identity, endEntity.subject)) {
    return `a proxy that does not inherit its rights has no attributes: ${quote(formatOneline(identity))}`;
  }
  if (!hasUniqueOneline(identity)) {
    return `your name has characters that make it read as another one: ${quote(formatOneline(identity))}`;
  }
  return { dn: formatOneline(identity), ca: formatOneline(endEntity.issuer), holder: endEntity };
}
