import { Cursor, children, encodeSequence, readOnly, TAG } from '../asn1/index.ts';
import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import { type Certificate, describeProxy, type Extension, findExtension } from '../x509/index.ts';
import { type AttributeCertificate, parseAttributeCertificate } from './attribute-certificate.ts';
import { VOMS } from './identifiers.ts';
import { reading } from './reading.ts';

/** An attribute certificate as a proxy carries it. */
export interface CarriedAttributeCertificate {
  /** Of the proxy in its chain, the leaf being 0. */
  readonly proxyIndex: number;
  /** What was read; undefined when {@link problem} says why it could not be. */
  readonly certificate: AttributeCertificate | undefined;
  readonly problem: LatchkeyError | undefined;
  /** A proxy nearer to the leaf carries attribute certificates of its own, and those count. */
  readonly isSuperseded: boolean;
}

const MAX_CARRIED = 64;

/**
 * All attribute certificates of a chain (leaf first), in the order of the proxies and within them. Only proxies are looked at; one that
 * cannot be read hides none of the others. Nothing is verified: see `validateAttributeCertificates`.
 */
export function attributeCertificatesOf(chain: readonly Certificate[]): CarriedAttributeCertificate[] {
  const carried: CarriedAttributeCertificate[] = [];
  let nearest: number | undefined;
  for (const [proxyIndex, certificate] of chain.entries()) {
    const extension = findExtension(certificate, VOMS.attributeCertificates);
    if (extension === undefined || !isProxy(certificate)) continue;
    nearest ??= proxyIndex;
    const isSuperseded = proxyIndex !== nearest;
    for (const read of readExtension(extension)) carried.push({ proxyIndex, isSuperseded, ...read });
  }
  return carried;
}

/** The extension for a proxy, not critical, with these attribute certificates in this order. */
export function attributeCertificatesExtension(certificates: readonly AttributeCertificate[]): Extension {
  const value = encodeSequence(encodeSequence(...certificates.map(({ der }) => der)));
  return { oid: VOMS.attributeCertificates, critical: false, value };
}

type Read = Pick<CarriedAttributeCertificate, 'certificate' | 'problem'>;

function readExtension(extension: Extension): Read[] {
  return attempt(() =>
    reading('list of attribute certificates', () => {
      const cursor = new Cursor(readOnly(extension.value, TAG.sequence));
      const elements = children(cursor.take(TAG.sequence));
      cursor.end();
      if (elements.length > MAX_CARRIED)
        throw new LatchkeyError('voms/malformed', `${elements.length} attribute certificates in one proxy`);
      return elements.flatMap(({ der }) =>
        attempt(() => [{ certificate: parseAttributeCertificate(der), problem: undefined }]),
      );
    }),
  );
}

function attempt(read: () => Read[]): Read[] {
  try {
    return read();
  } catch (problem) {
    if (!isLatchkeyError(problem)) throw problem;
    return [{ certificate: undefined, problem }];
  }
}

function isProxy(certificate: Certificate): boolean {
  try {
    return describeProxy(certificate) !== undefined;
  } catch {
    // What cannot be read is no valid proxy, and path validation says so.
    return false;
  }
}
