import { Cursor, children, contextTag, type Element, implicitTag, readOnly, TAG } from '../asn1/index.ts';
import { LruCache } from '../kit/index.ts';
import { type Certificate, parseCertificate, readGeneralName } from '../x509/index.ts';
import { malformed } from './reading.ts';

const MAX_TARGETS = 1024;
const MAX_CERTIFICATES = 16;

/** targetInformation (RFC 5755 §4.3.2): every target must be a URI; anything else would be a restriction that is not enforced. */
export function readTargets(value: Buffer | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const targets = children(readOnly(value, TAG.sequence)).flatMap((list) => children(list));
  if (targets.length > MAX_TARGETS) throw malformed(`${targets.length} targets`);
  return Object.freeze(targets.map(readTarget));
}

/** `[0] GeneralName`; VOMS puts one more SEQUENCE around it. */
function readTarget(element: Element): string {
  const wrapped = element.tag === TAG.sequence ? onlyChild(element) : element;
  if (wrapped.tag !== contextTag(0)) throw malformed('a target that is no name');
  const name = readGeneralName(onlyChild(wrapped));
  if (name.type !== 'uri') throw malformed('a target that is no URI');
  return name.value;
}

function onlyChild(element: Element): Element {
  const cursor = new Cursor(element);
  const child = cursor.take();
  cursor.end();
  return child;
}

/** The server's certificate and those above it. */
export function readIssuerCertificates(value: Buffer | undefined): readonly Certificate[] {
  if (value === undefined) return [];
  const certificates = children(onlyChild(readOnly(value, TAG.sequence)));
  if (certificates.length > MAX_CERTIFICATES)
    throw malformed(`${certificates.length} certificates of its server`);
  return Object.freeze(certificates.map(({ der }) => knownCertificate(der)));
}

/** Servers send the same few certificates with everything they sign: remembered by all their bytes, so is the key in them. */
let known: LruCache<string, Certificate> | undefined;
const MAX_KNOWN = 256;
const MAX_KNOWN_BYTES = 8_192;

function knownCertificate(der: Buffer): Certificate {
  if (der.length > MAX_KNOWN_BYTES) return parseCertificate(der);
  known ??= new LruCache(MAX_KNOWN);
  const key = der.toString('latin1');
  const found = known.get(key);
  if (found !== undefined) return found;
  const certificate = parseCertificate(der);
  known.set(key, certificate);
  return certificate;
}

/** noRevAvail (RFC 5755 §4.3.6): a NULL. */
export function readNoRevocation(value: Buffer | undefined): boolean {
  if (value === undefined) return false;
  if (readOnly(value, TAG.null).contents.length !== 0) throw malformed('a noRevAvail with contents');
  return true;
}

/** The keyIdentifier of authorityKeyIdentifier (RFC 5280 §4.2.1.1). */
export function readAuthorityKeyIdentifier(value: Buffer | undefined): Buffer | undefined {
  if (value === undefined) return undefined;
  return new Cursor(readOnly(value, TAG.sequence)).takeIf(implicitTag(0))?.contents;
}
