import type { Certificate } from './certificate.ts';
import { describeProxy } from './describe-proxy.ts';
import type { Name } from './name.ts';

/**
 * The end-entity certificate of a chain (leaf first): the first that is no proxy. Undefined when there are only proxies.
 *
 * @throws LatchkeyError `x509/malformed` for a proxy that cannot be read
 */
export function endEntityOf(chain: readonly Certificate[]): Certificate | undefined {
  return chain.find((certificate) => describeProxy(certificate) === undefined);
}

/**
 * Whom a chain (leaf first) speaks for: the subject of the end entity, or that of the first independent or restricted proxy
 * above the leaf, which is an identity of its own. Undefined when there are only proxies that inherit.
 *
 * @throws LatchkeyError `x509/malformed` for a proxy that cannot be read
 */
export function identityOf(chain: readonly Certificate[]): Name | undefined {
  return chain.find((certificate) => {
    const rights = describeProxy(certificate)?.rights;
    return rights !== 'impersonation' && rights !== 'limited';
  })?.subject;
}

/**
 * True when any proxy of the chain (leaf first) is limited: what is below it is so too.
 *
 * @throws LatchkeyError `x509/malformed` for a proxy that cannot be read
 */
export function isLimitedChain(chain: readonly Certificate[]): boolean {
  for (const certificate of chain) {
    const type = describeProxy(certificate);
    if (type === undefined) return false;
    if (type.rights === 'limited') return true;
  }
  return false;
}
