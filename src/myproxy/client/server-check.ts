import { reverse } from 'node:dns/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { LatchkeyError } from '../../kit/index.ts';
import {
  type Certificate,
  checkServerIdentity,
  formatOneline,
  type PathFinding,
  type TrustStore,
  validatePath,
} from '../../x509/index.ts';
import type { NameCompatibility } from './environment.ts';
import { formatServer, type ServerAddress } from './server-list.ts';

/** What a server is measured by. */
export interface ServerCheck {
  readonly server: ServerAddress;
  /** The address it was reached by. */
  readonly address: string;
  readonly trust: TrustStore;
  /** Where the trust comes from, for messages; absent when there is no trust directory. */
  readonly trustDirectory?: string | undefined;
  readonly expectedDn?: string | undefined;
  readonly nameCompatibility: NameCompatibility;
  readonly now: Date;
}

/**
 * Makes sure of the server: its chain leads to a trusted authority, and its name is the one asked for.
 *
 * @throws LatchkeyError `x509/trust-missing` when its authority is not known; `x509/path-invalid`; `myproxy/server-identity`
 */
export async function checkServer(chain: readonly Certificate[], check: ServerCheck): Promise<void> {
  const report = validatePath(chain, { trust: check.trust, now: check.now });
  if (!report.ok) throw pathError(chain, report.findings, check);
  let mismatch: ReturnType<typeof checkServerIdentity>;
  for (const host of await namesToAccept(check)) {
    // The path, not what was sent: a stranger may put the host's certificate, which is public, among his own.
    mismatch = checkServerIdentity(report.path, {
      host,
      ...(check.expectedDn === undefined ? {} : { expectedDn: check.expectedDn }),
    });
    if (mismatch === undefined) return;
  }
  throw new LatchkeyError('myproxy/server-identity', mismatch?.message ?? 'the server has no name', {
    ...(mismatch === undefined ? {} : { hint: mismatch.hint }),
    details: { dn: dnOf(chain), host: check.server.host },
  });
}

/**
 * By default only what the user typed. HYBRID and GT2 are for sites whose certificates carry the name that the address
 * has in the DNS; whoever controls that zone is then trusted too, so it has to be asked for.
 */
async function namesToAccept({
  server,
  address,
  nameCompatibility,
}: ServerCheck): Promise<readonly string[]> {
  if (nameCompatibility === 'strict') return [server.host];
  const loopback = address === '::1' || /^(::ffff:)?127\./.test(address);
  const names = loopback ? [hostname()] : await reverse(address).catch(() => []);
  return [...new Set([...names, ...(isIP(server.host) === 0 ? [server.host] : [])])].slice(0, 8);
}

function pathError(
  chain: readonly Certificate[],
  findings: readonly PathFinding[],
  check: ServerCheck,
): LatchkeyError {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const codes = new Set(errors.map((finding) => finding.code));
  const unknown = UNKNOWN_AUTHORITY.some((code) => codes.has(code));
  const row = unknown ? undefined : HINTS.find(({ codes: wanted }) => wanted.some((code) => codes.has(code)));
  const where =
    check.trustDirectory === undefined ? 'and there is no trust directory' : `see "${check.trustDirectory}"`;
  const hint = unknown
    ? `the authority of this server is not trusted here (${where}); get its files from the operator, or take them from the server itself by bootstrap (trust on first use)`
    : row?.hint;
  const reasons = errors.map((finding) => finding.message).join('; ');
  return new LatchkeyError(
    unknown ? 'x509/trust-missing' : 'x509/path-invalid',
    `the certificate of ${formatServer(check.server)} is not trusted: ${reasons}`,
    { ...(hint === undefined ? {} : { hint }), details: { dn: dnOf(chain), findings: errors } },
  );
}

const UNKNOWN_AUTHORITY: readonly PathFinding['code'][] = [
  'trust/issuer-missing',
  'trust/root-untrusted',
  'trust/leaf-self-signed',
];

const HINTS: readonly { readonly codes: readonly PathFinding['code'][]; readonly hint: string }[] = [
  {
    codes: ['certificate/not-yet-valid', 'crl/not-yet-valid'],
    hint: 'is the clock of this machine right? it is compared with the dates in the certificates',
  },
  {
    codes: ['certificate/expired'],
    hint: 'either the clock of this machine is wrong, or the operator has to renew the certificate of the server',
  },
  {
    codes: ['crl/expired'],
    hint: 'fetch the revocation lists again (fetch-crl), or get the trust roots anew; an old list protects nobody',
  },
  {
    codes: ['policy/missing', 'policy/subject-refused'],
    hint: 'the signing_policy file beside the authority in the trust directory decides which names it may sign',
  },
];

function dnOf(chain: readonly Certificate[]): string | undefined {
  return chain[0] === undefined ? undefined : formatOneline(chain[0].subject);
}
