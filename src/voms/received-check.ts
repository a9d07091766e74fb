import { LatchkeyError, quote } from '../kit/index.ts';
import type { Certificate, TrustStore } from '../x509/index.ts';
import { type AttributeCertificate, parseAttributeCertificate } from './attribute-certificate.ts';
import { placeOf } from './contact-tls.ts';
import { isWrittenAs } from './lsc-file.ts';
import { validateAttributeCertificate } from './validation.ts';
import type { VomsDirectory } from './voms-directory.ts';
import type { VomsServer } from './vomses.ts';

/** What a certificate that came from a server is measured by. */
export interface ReceivedCheck {
  readonly server: VomsServer;
  /** Our own chain: the attributes must be those of its end entity. */
  readonly chain: readonly Certificate[];
  readonly trust: TrustStore;
  readonly vomsDirectory: VomsDirectory | undefined;
  readonly now: Date;
  /** Only read it. */
  readonly skip: boolean;
}

/**
 * Reads what a server sent, and makes sure of it before it is put into a proxy: it is ours, of the organisation that was
 * asked, valid now, and signed by a server that may speak for the organisation. Where there is no LSC file, that is the one whose
 * name the `vomses` line has.
 *
 * @throws LatchkeyError `voms/malformed`; `voms/attributes-refused` with every finding
 */
export function checkReceived(der: Buffer, check: ReceivedCheck): AttributeCertificate {
  const { server, chain, trust, now } = check;
  const certificate = parseAttributeCertificate(der);
  if (check.skip) return certificate;
  const problems: string[] = [];
  let hint: string | undefined;
  if (certificate.vo !== server.vo) {
    problems.push(`the attributes are of ${quote(certificate.vo)}, not of ${quote(server.vo)}`);
  }
  const vomsDirectory = orServerItself(check, certificate);
  const report = validateAttributeCertificate(certificate, chain, { vomsDirectory, trust, now });
  for (const finding of report.findings) {
    // Whether this host is a target is for those who use the proxy.
    if (finding.severity !== 'error' || finding.code === 'ac/target-mismatch') continue;
    problems.push(finding.message);
    hint ??= finding.remedy;
  }
  if (problems.length === 0) return certificate;
  throw new LatchkeyError(
    'voms/attributes-refused',
    `what ${placeOf(server)} sent is not used: ${problems.join('; ')}`,
    {
      ...(hint === undefined ? {} : { hint }),
      details: { server: placeOf(server), findings: report.findings.map(({ code }) => code) },
    },
  );
}

function orServerItself(
  { vomsDirectory: known, server }: ReceivedCheck,
  { vo, host, issuerCertificates }: AttributeCertificate,
): VomsDirectory {
  const isKnown =
    known !== undefined && (known.chains(vo, host) !== undefined || known.certificates(vo).length > 0);
  if (isKnown) return known;
  const [sent] = issuerCertificates;
  const isServer = sent !== undefined && isWrittenAs(sent.subject, server.dn);
  return { chains: () => undefined, certificates: () => (isServer ? [sent] : []) };
}
