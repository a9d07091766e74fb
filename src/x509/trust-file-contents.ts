import { parsePem } from '../asn1/index.ts';
import { type Finding, quote } from '../kit/index.ts';
import { basicConstraints } from './basic-constraints.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { type Crl, parseCrl } from './crl.ts';
import type { Name } from './name.ts';
import { formatOneline } from './name-oneline.ts';
import { parseSigningPolicy, type SigningPolicy } from './signing-policy.ts';
import { isSameName, subjectHash, subjectHashOld } from './subject-hash.ts';

/** A finding about one file of a trust directory. */
export interface TrustFinding extends Finding {
  readonly code:
    | 'trust/unreadable'
    | 'trust/too-large'
    | 'trust/malformed'
    | 'trust/misnamed'
    | 'trust/not-an-authority'
    | 'trust/signing-policy'
    | 'trust/signing-policy-missing'
    | 'trust/writable'
    | 'trust/expired';
  /** Name of the file inside the directory; `.` for the directory itself. */
  readonly file: string;
  readonly severity: 'error' | 'warning';
}

/** What one file contributes. */
export interface TrustFileContents {
  readonly authorities: readonly Certificate[];
  readonly crls: readonly Crl[];
  readonly policies: readonly SigningPolicy[];
  readonly findings: readonly TrustFinding[];
}

/** `<hash>.N`, `<hash>.rN`, `<hash>.signing_policy`; everything else in a trust directory is for people. */
export const TRUST_FILE_NAME: RegExp = /^([0-9a-f]{8})\.(?:(\d{1,4})|r(\d{1,4})|(signing_policy))$/;

/** Largest files read, in bytes: the CRLs of big authorities have a few million. */
export function maxTrustFileBytes(name: string): number {
  return /\.r\d+$/.test(name) ? 64 << 20 : 256 << 10;
}

/** Reads one file of a trust directory. Never throws: what cannot be used is a finding. */
export function parseTrustFile(name: string, contents: Buffer): TrustFileContents {
  const findings: TrustFinding[] = [];
  const [, hash = '', certificateNumber, crlNumber] = TRUST_FILE_NAME.exec(name) ?? [];
  const nothing = { authorities: [], crls: [], policies: [], findings };
  if (certificateNumber !== undefined) {
    const all = readBlocks(name, contents, CERTIFICATE_LABELS, 'certificate', parseCertificate, findings);
    const authorities = keepNamed(name, hash, all, (certificate) => certificate.subject, findings);
    for (const certificate of authorities) remarkOnAuthority(name, certificate, findings);
    return { ...nothing, authorities };
  }
  if (crlNumber !== undefined) {
    const all = readBlocks(name, contents, CRL_LABELS, 'CRL', parseCrl, findings);
    return { ...nothing, crls: keepNamed(name, hash, all, (crl) => crl.issuer, findings) };
  }
  const file = parseSigningPolicy(contents.toString('latin1'));
  for (const { severity, message, index } of file.findings) {
    const line = index === undefined ? {} : { index };
    findings.push({
      code: 'trust/signing-policy',
      file: name,
      severity,
      message,
      rule: 'GSI signing_policy',
      ...line,
    });
  }
  return { ...nothing, policies: file.policies };
}

const CERTIFICATE_LABELS = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);
const CRL_LABELS = new Set(['X509 CRL']);

function readBlocks<Value>(
  file: string,
  contents: Buffer,
  labels: ReadonlySet<string>,
  what: string,
  parse: (der: Buffer) => Value,
  findings: TrustFinding[],
): Value[] {
  const malformed = (reason: string) =>
    findings.push({
      code: 'trust/malformed',
      file,
      severity: 'error',
      message: `no usable ${what}: ${reason}`,
    });
  try {
    const values = parsePem(contents.toString('latin1'))
      .filter((block) => labels.has(block.label))
      .map((block) => parse(block.der));
    if (values.length === 0)
      malformed(contents[0] === 0x30 ? 'DER where PEM belongs' : 'no PEM block of that kind');
    return values;
  } catch (error) {
    malformed(error instanceof Error ? error.message : String(error));
    return [];
  }
}

/** OpenSSL finds an authority by its file name only; what stands under a wrong name is not trusted. */
function keepNamed<Value>(
  file: string,
  hash: string,
  values: readonly Value[],
  nameOf: (value: Value) => Name,
  findings: TrustFinding[],
): Value[] {
  return values.filter((value) => {
    const name = nameOf(value);
    const right = subjectHash(name);
    if (hash === right || hash === subjectHashOld(name)) return true;
    const message = `the file holds ${quote(formatOneline(name))}, which belongs into ${right}${file.slice(8)}`;
    findings.push({ code: 'trust/misnamed', file, severity: 'error', message });
    return false;
  });
}

function remarkOnAuthority(file: string, certificate: Certificate, findings: TrustFinding[]): void {
  const remark = (message: string) =>
    findings.push({ code: 'trust/not-an-authority', file, severity: 'warning', message });
  const subject = quote(formatOneline(certificate.subject));
  try {
    if (basicConstraints(certificate)?.isCa === false)
      remark(`${subject} is not the certificate of an authority`);
    else if (!isSameName(certificate.subject, certificate.issuer)) {
      remark(`${subject} is not self-signed: it is trusted only as far as its issuer is`);
    }
  } catch (error) {
    remark(`${subject} has malformed extensions: ${error instanceof Error ? error.message : String(error)}`);
  }
}
