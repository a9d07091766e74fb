import { type AttributeCertificate, attributeCertificatesOf } from '../../voms/index.ts';
import {
  type Certificate,
  endEntityOf,
  findExtension,
  formatOneline,
  type KeyUsage,
  keyUsage,
} from '../../x509/index.ts';
import type { VomsInfoOptions } from './voms-info-options.ts';

/** A proxy as `voms-proxy-info` sees it: its chain, where it is, and the attributes that count. */
export interface ShownProxy {
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly path: string;
  readonly attributes: readonly AttributeCertificate[];
  /** What the C++ library has against the first one that it would not read; the ones before it are in `attributes`. */
  readonly complaint: string | undefined;
  readonly holder: string;
  /** The file inside the proxy, if there is one. */
  readonly included: string | undefined;
}

/** Extension of a proxy: a file that `voms-proxy-init -include` put there. */
const INCLUDED_FILE = '1.3.6.1.4.1.8005.100.100.2';
/** The first certificate with either of these is the one that is looked at. */
const SHOWN = ['1.3.6.1.4.1.8005.100.100.5', INCLUDED_FILE];
const PROXY_CERT_INFO = '1.3.6.1.5.5.7.1.14';
const DRAFT_PROXY_CERT_INFO = '1.3.6.1.4.1.3536.1.222';

/** Looks at a chain as the C++ library does without verification: the first proxy with attributes counts. */
export function showProxy(chain: readonly [Certificate, ...Certificate[]], path: string): ShownProxy {
  const attributes: AttributeCertificate[] = [];
  const first = chain.find((certificate) =>
    SHOWN.some((oid) => findExtension(certificate, oid) !== undefined),
  );
  const included = first && findExtension(first, INCLUDED_FILE)?.value.toString('latin1');
  const carried = attributeCertificatesOf(chain).filter(({ proxyIndex }) => chain[proxyIndex] === first);
  let complaint =
    carried.length === 0 && included !== undefined ? 'AC not present in credentials.' : undefined;
  for (const { certificate, problem } of carried) {
    complaint = problem?.message ?? complaintAbout(certificate);
    if (complaint !== undefined || certificate === undefined) break;
    attributes.push(certificate);
  }
  return {
    chain,
    path,
    attributes,
    complaint,
    holder: formatOneline((endEntityWithin(chain) ?? chain[0]).subject),
    included: included || undefined,
  };
}

function complaintAbout(certificate: AttributeCertificate | undefined): string | undefined {
  if (certificate === undefined) return undefined;
  const { hasNoRevocation, authorityKeyIdentifier, extensions } = certificate;
  if (!hasNoRevocation || authorityKeyIdentifier === undefined)
    return 'Required AC extensions missing (NoRevAvail and AuthorityKeyIdentifier)';
  if (extensions.some(({ oid, critical }) => critical && oid !== '2.5.29.55'))
    return 'Unknown critical extension inside AC.';
  return undefined;
}

function endEntityWithin(chain: readonly Certificate[]): Certificate | undefined {
  try {
    return endEntityOf(chain);
  } catch {
    return undefined;
  }
}

/** Everything that is printed, byte for byte as the C++ tool does it but for `-text`. */
export function infoText(shown: ShownProxy, options: VomsInfoOptions, now: Date, text: () => string): string {
  const [leaf] = shown.chain;
  const all = options.has('all');
  let out = options.has('chain') ? chainText(shown.chain, options, now) : '';
  if (options.isDefault || all || options.has('text')) out += proxyText(shown, options, now);
  if (all) out += shown.attributes.map((attributes) => attributesText(attributes, shown, now)).join('');
  const print = (option: string, value: () => string): void => {
    if (options.has(option)) out += `${value()}\n`;
  };
  print('subject', () => formatOneline(leaf.subject));
  print('issuer', () => formatOneline(leaf.issuer));
  print('type', () => typeName(leaf));
  print('strength', () => String(keyBits(leaf)));
  print('path', () => shown.path);
  print('timeleft', () => String(left(leaf.notAfter, now)));
  if (shown.included !== undefined) print('included-file', () => `included  : ${shown.included}`);
  if (options.has('text')) out += text();
  for (const certificate of shown.attributes) {
    print('vo', () => certificate.vo);
    print('acsubject', () => shown.holder);
    print('acissuer', () => formatOneline(certificate.issuer));
    print('uri', () => address(certificate));
    print('actimeleft', () => String(left(certificate.notAfter, now)));
    if (options.has('fqan')) out += certificate.fqans.map((fqan) => `${fqan}\n`).join('');
    print('serial', () => evenHex(certificate.serialNumber));
    if (options.has('targets')) out += targetsText(certificate);
  }
  return out;
}

function chainText(chain: readonly Certificate[], options: VomsInfoOptions, now: Date): string {
  const above = chain.slice(1).reverse();
  const blocks = above.map((certificate) => {
    const type = typeName(certificate);
    return [
      `subject   : ${formatOneline(certificate.subject)}`,
      `issuer    : ${formatOneline(certificate.issuer)}`,
      ...(type === 'unknown' ? [] : [`type      : ${type}`]),
      ...(options.has('all') || options.has('keyusage') ? [`key usage : ${keyUsageText(certificate)}`] : []),
      `strength  : ${keyBits(certificate)} bits`,
      `timeleft  : ${clock(left(certificate.notAfter, now))}`,
      '\n',
    ].join('\n');
  });
  return `=== Proxy Chain Information ===\n${blocks.join('')}=== Proxy Information ===\n`;
}

function proxyText(shown: ShownProxy, options: VomsInfoOptions, now: Date): string {
  const [leaf] = shown.chain;
  const usage = ['all', 'text', 'keyusage'].some((option) => options.has(option));
  return [
    `subject   : ${formatOneline(leaf.subject)}`,
    `issuer    : ${formatOneline(leaf.issuer)}`,
    `identity  : ${formatOneline(leaf.issuer)}`,
    `type      : ${typeName(leaf)}`,
    `strength  : ${keyBits(leaf)} bits`,
    `path      : ${shown.path}`,
    `timeleft  : ${clock(left(leaf.notAfter, now))}`,
    ...(shown.included === undefined ? [] : [`included  : ${shown.included}`]),
    ...(usage ? [`key usage : ${keyUsageText(leaf)}`] : []),
    '',
  ].join('\n');
}

function attributesText(certificate: AttributeCertificate, shown: ShownProxy, now: Date): string {
  return [
    `=== VO ${certificate.vo} extension information ===`,
    `VO        : ${certificate.vo}`,
    `subject   : ${shown.holder}`,
    `issuer    : ${formatOneline(certificate.issuer)}`,
    ...certificate.fqans.map((fqan) => `attribute : ${fqan}`),
    ...certificate.genericAttributes.map(
      ({ name, value, qualifier }) =>
        `attribute : ${name} = ${value}${qualifier === '' ? '' : ` (${qualifier})`}`,
    ),
    `timeleft  : ${clock(left(certificate.notAfter, now))}`,
    `${targetsText(certificate)}uri       : ${address(certificate)}\n`,
  ].join('\n');
}

function targetsText({ targets = [] }: AttributeCertificate): string {
  return targets.map((target) => `target    : ${target}\n`).join('');
}

function address({ uri }: AttributeCertificate): string {
  return uri.slice(uri.indexOf('://') + 3);
}

function left(end: Date, now: Date): number {
  return Math.max(0, Math.floor(end.getTime() / 1000) - Math.floor(now.getTime() / 1000));
}

function clock(seconds: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
}

function evenHex(value: bigint): string {
  if (value === 0n) return '0';
  const hex = value.toString(16).toUpperCase();
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

/** The kind of proxy in the words of the C++ tool: the last common name that says so rules, then the extension. */
function typeName(certificate: Certificate): string {
  const subject = formatOneline(certificate.subject);
  const full = subject.lastIndexOf('CN=proxy');
  const limited = subject.lastIndexOf('CN=limited proxy');
  if (full > limited) return 'proxy';
  if (limited > full) return 'limited proxy';
  if (findExtension(certificate, PROXY_CERT_INFO) !== undefined) return 'RFC compliant proxy';
  if (findExtension(certificate, DRAFT_PROXY_CERT_INFO) !== undefined) return 'GT3-style proxy';
  return 'unknown';
}

/** What OpenSSL calls the size of a key: eight times the longest signature, which for curves is not the size of the key. */
const SIGNATURE_BITS: Readonly<Record<string, number>> = {
  prime256v1: 576,
  secp384r1: 832,
  secp521r1: 1112,
  secp256k1: 576,
};

/** The bits of a key as the C++ tool counts them. */
export function keyBits(certificate: Certificate): number {
  const { modulusLength, namedCurve } = certificate.publicKey.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined) return 8 * Math.ceil(modulusLength / 8);
  return SIGNATURE_BITS[namedCurve ?? ''] ?? 512;
}

const KEY_USAGE_NAMES: Readonly<Record<KeyUsage, string>> = {
  digitalSignature: 'Digital Signature',
  nonRepudiation: 'Non Repudiation',
  keyEncipherment: 'Key Encipherment',
  dataEncipherment: 'Data Encipherment',
  keyAgreement: 'Key Agreement',
  keyCertSign: 'Certificate Sign',
  cRLSign: 'CRL Sign',
  encipherOnly: 'Encipher Only',
  decipherOnly: 'Decipher Only',
};

function keyUsageText(certificate: Certificate): string {
  let usage: ReadonlySet<KeyUsage> | undefined;
  try {
    usage = keyUsage(certificate);
  } catch {
    // Malformed: nothing to print, as in the C++ tool.
  }
  return Object.entries(KEY_USAGE_NAMES)
    .filter(([name]) => usage?.has(name as KeyUsage))
    .map(([, text]) => text)
    .join(', ');
}
