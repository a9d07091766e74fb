import { LatchkeyError } from '../../kit/index.ts';
import {
  type Certificate,
  type CertificateRequest,
  describeProxy,
  isSignedBy,
  namesEqual,
  parseCertificate,
} from '../../x509/index.ts';
import type { Operation } from './operation.ts';

/** Seconds that may be missing from a lifetime before it is worth a word. */
const TOLERANCE_SECONDS = 300;

/**
 * Makes sure that what a server delegated is ours: for the key of our request, in date, and a chain in which every
 * proxy is signed by the certificate after it and named below it (RFC 3820 §3.4). Whether its authority is trusted is for those to judge
 * to whom the chain is shown.
 *
 * @param wantedSeconds lifetime that was asked for; 0 = any
 * @throws LatchkeyError `myproxy/delegation-invalid`
 */
export function checkDelegation(
  { settings, notify }: Operation,
  ders: readonly Buffer[],
  request: Pick<CertificateRequest, 'spki'>,
  wantedSeconds: number,
): { readonly chain: readonly Certificate[]; readonly expires: Date } {
  const chain = ders.map(readCertificate);
  const leaf = chain[0];
  if (leaf === undefined) throw invalid('the server sent no certificate');
  if (!leaf.spki.equals(request.spki))
    throw invalid('the certificate that came back is for another key than ours');
  chainOfProxies(chain);
  const expires = new Date(Math.min(...chain.map((certificate) => certificate.notAfter.getTime())));
  const left = (expires.getTime() - settings.clock.now().getTime()) / 1000;
  if (left <= 0) throw invalid(`what the server delegated expired at ${expires.toISOString()}`);
  const early = (leaf.notBefore.getTime() - settings.clock.now().getTime()) / 1000;
  if (early > 0) {
    notify({
      code: 'clock-skew',
      message: `what the server delegated is valid from ${leaf.notBefore.toISOString()} only: this machine's clock, or the server's, is wrong by at least ${Math.ceil(early / 60)} minutes`,
      details: { notBefore: leaf.notBefore },
    });
  }
  if (wantedSeconds > 0 && left < wantedSeconds - TOLERANCE_SECONDS) {
    notify({
      code: 'shorter-lifetime',
      message: `asked for ${Math.round(wantedSeconds / 60)} minutes and got ${Math.round(left / 60)}, until ${expires.toISOString()}`,
      details: { wantedSeconds, expires },
    });
  }
  return { chain, expires };
}

function readCertificate(der: Buffer, index: number): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`certificate ${index} of the chain cannot be read: ${reason}`, error);
  }
}

function chainOfProxies(chain: readonly Certificate[]): void {
  for (const [index, certificate] of chain.entries()) {
    if (describeProxy(certificate) === undefined) return;
    const issuer = chain[index + 1];
    if (issuer === undefined)
      throw invalid('the chain ends with a proxy; the certificate that signed it is missing');
    const commonName = certificate.subject.rdns.at(-1)?.[0]?.text ?? '';
    if (
      !namesEqual(certificate.issuer, issuer.subject) ||
      certificate.subject.rdns.length !== issuer.subject.rdns.length + 1 ||
      !isSignedBy(certificate, issuer)
    ) {
      throw invalid(`certificate ${index} of the chain (CN=${commonName}) is not a proxy of the next one`);
    }
  }
}

function invalid(message: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('myproxy/delegation-invalid', message, {
    cause,
    hint: 'nothing of it was kept; the operator of the server should hear of this',
  });
}
