import { LruCache } from '../../kit/index.ts';
import type { StoredCredential } from '../../repository/index.ts';
import {
  type Certificate,
  formatOneline,
  identityOf,
  isLimitedChain,
  type PathReport,
  parseCertificates,
  type TrustStore,
  validatePath,
} from '../../x509/index.ts';
import { refusal } from './refusal.ts';

/** How long a good verdict is believed; revocation lists expire without a change on disk. */
const MAX_TRUSTED_MS = 600_000;

/** The chain of a stored credential, parsed once. */
export interface StoredChain {
  /** Leaf first. */
  readonly certificates: readonly Certificate[];
  /** One-line identity: proxies stripped. */
  readonly identity: string;
  readonly isLimited: boolean;
  /** Latest notBefore and earliest notAfter. */
  readonly startTime: Date;
  readonly endTime: Date;
}

/**
 * Parsed chains of stored credentials, and the verdicts of their validation, both remembered by content.
 * Good verdicts last ten minutes (a revocation list may expire), at most until the first certificate expires or
 * {@link StoredChains.forgetVerdicts} is called; bad ones are never remembered.
 */
export class StoredChains {
  readonly #parsed: LruCache<string, StoredChain>;
  readonly #seen = new WeakMap<object, StoredChain>();
  readonly #good: LruCache<StoredChain, { from: number; until: number; report: PathReport }>;
  readonly #signatures = new LruCache<string, true>(20_000);

  /** @param maxEntries chains remembered; default 500, some 20 kB each */
  constructor(maxEntries = 500) {
    this.#parsed = new LruCache(maxEntries);
    this.#good = new LruCache(maxEntries);
  }

  /** @throws LatchkeyError with refusal lines when the stored text has no readable certificate */
  open(credential: Pick<StoredCredential, 'pem'>): StoredChain {
    // Stores hand out the same object while nothing has changed.
    const seen = this.#seen.get(credential);
    if (seen !== undefined) return seen;
    const pem = certificatesOf(credential.pem.revealText());
    const chain = this.#parsed.get(pem) ?? parseStored(pem);
    this.#parsed.set(pem, chain);
    this.#seen.set(credential, chain);
    return chain;
  }

  /** Validates a stored chain against `trust` (signing policies and CRLs included). */
  validate(chain: StoredChain, trust: TrustStore, now: Date): PathReport {
    const known = this.#good.get(chain);
    const time = now.getTime();
    if (known !== undefined && known.from <= time && time < known.until) return known.report;
    const report = this.validatePath(chain.certificates, trust, now);
    if (report.ok) {
      const until = Math.min(report.expires?.getTime() ?? time, time + MAX_TRUSTED_MS);
      this.#good.set(chain, { from: time, until, report });
    }
    return report;
  }

  /** Validates any chain, remembering only which signatures were good. */
  validatePath(chain: readonly Certificate[], trust: TrustStore, now: Date): PathReport {
    return validatePath(chain, { trust, now, verified: this.#signatures });
  }

  /** To be called when the trust directory has changed. */
  forgetVerdicts(): void {
    this.#good.clear();
  }
}

/** Only the certificates: keys do not belong into a cache. */
function certificatesOf(pem: string): string {
  return (pem.match(CERTIFICATE) ?? []).join('\n');
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function parseStored(pem: string): StoredChain {
  let certificates: readonly Certificate[] = [];
  try {
    certificates = parseCertificates(pem);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refusal(
      ["Can't read credentials", 'the stored certificate is damaged'],
      why,
      'repository/data-malformed',
    );
  }
  const identity = identityOf(certificates);
  if (identity === undefined || certificates[0] === undefined) {
    throw refusal(
      ["Can't read credentials", 'no certificate is stored'],
      undefined,
      'repository/data-malformed',
    );
  }
  const times = (pick: (certificate: Certificate) => Date) => certificates.map((c) => pick(c).getTime());
  return {
    certificates,
    identity: formatOneline(identity),
    isLimited: isLimitedChain(certificates),
    startTime: new Date(Math.max(...times((c) => c.notBefore))),
    endTime: new Date(Math.min(...times((c) => c.notAfter))),
  };
}
