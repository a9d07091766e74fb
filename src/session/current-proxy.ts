import type { Credential as Kept } from '../keeper/index.ts';
import { type Clock, LatchkeyError, quote } from '../kit/index.ts';
import {
  type Credential,
  formatCredential,
  formatOneline,
  identityOf,
  loadTrustDirectory,
  locateTrustDirectory,
  validatePath,
} from '../x509/index.ts';
import type { Surroundings } from './surroundings.ts';

/** When the first certificate of a chain ends. */
export function endOf({ chain }: Pick<Credential, 'chain'>): Date {
  return new Date(Math.min(...chain.map((certificate) => certificate.notAfter.getTime())));
}

/** Makers of proxies let them begin so much before they make them, for clocks that are behind. */
const BEGINS_EARLY_MS = 300_000;

/** A proxy as a keeper keeps it: its bytes are those of a proxy file. */
export function keptProxy(credential: Credential, clock: Clock): Kept {
  const [leaf] = credential.chain;
  const identity = identityOf(credential.chain);
  const now = clock.now().getTime();
  return {
    kind: 'x509-proxy',
    ...(identity === undefined ? {} : { subject: formatOneline(identity) }),
    ...(leaf === undefined ? {} : { id: leaf.serialNumber.toString(16) }),
    issuedAt: new Date(Math.min(now, (leaf?.notBefore.getTime() ?? now) + BEGINS_EARLY_MS)),
    expiresAt: endOf(credential),
    bytes: formatCredential(credential),
  };
}

/**
 * Time left, and the way to a trusted root where there is a trust directory.
 *
 * @param named the trust directory of the context; default the environment's
 * @returns what is worth saying, though it may well be used
 * @throws LatchkeyError `proxy/expired`, `x509/path-invalid`, `x509/trust-missing` for a directory that was named
 */
export async function checkChain(
  credential: Credential,
  what: string,
  where: Pick<Surroundings, 'clock' | 'env' | 'home' | 'leastSecondsLeft'>,
  named?: string,
): Promise<{ readonly warnings: readonly string[]; readonly trustDirectory: string | undefined }> {
  const now = where.clock.now();
  checkTime(credential, what, now, where.leastSecondsLeft);
  const isNamed = named !== undefined || Boolean(where.env.X509_CERT_DIR);
  const directory = named ?? (await locateTrustDirectory({ env: where.env, home: where.home }));
  if (directory === undefined) return { warnings: [], trustDirectory: undefined };
  const trust = await loadTrustDirectory(directory);
  const report = validatePath(credential.chain, { trust, now });
  const [worst] = report.findings;
  if (report.ok || worst === undefined) return { warnings: [], trustDirectory: directory };
  const message = `${what} is not valid: ${worst.message}`;
  // A machine may have authorities of its own and not know those of the place where the proxy is shown.
  if (!isNamed && worst.code === 'trust/issuer-missing')
    return { warnings: [message], trustDirectory: directory };
  throw new LatchkeyError('x509/path-invalid', message, {
    details: { findings: report.findings, directory },
    hint: `the trusted authorities are those in ${directory}`,
  });
}

function checkTime(credential: Credential, what: string, now: Date, leastSecondsLeft: number): void {
  const end = endOf(credential);
  const left = (end.getTime() - now.getTime()) / 1000;
  const details = { expiresAt: end };
  const hint = 'make a new one (grid-proxy-init, myproxy-logon)';
  if (left <= 0)
    throw new LatchkeyError('proxy/expired', `${what} ended at ${end.toISOString()}`, { hint, details });
  if (left < leastSecondsLeft) {
    const message = `${what} ends in ${Math.floor(left)} s, at least ${leastSecondsLeft} s are wanted`;
    throw new LatchkeyError('proxy/expired', message, { hint, details });
  }
  const future = credential.chain.find((certificate) => certificate.notBefore > now);
  if (future !== undefined) {
    const message = `${what} is not valid before ${future.notBefore.toISOString()}`;
    throw new LatchkeyError('x509/path-invalid', message, { hint: 'is the clock of this machine right?' });
  }
}

/** One line for people: whom it speaks for, and until when. */
export function describeChain(credential: Credential): string {
  const identity = identityOf(credential.chain);
  const name = identity === undefined ? 'nobody' : quote(formatOneline(identity));
  return `${name} until ${endOf(credential).toISOString()}`;
}
