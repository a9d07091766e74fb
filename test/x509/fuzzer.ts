import { formatPem } from '../../src/asn1/index.ts';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  createCertificateRequest,
  describeProxy,
  EKU,
  extendedKeyUsage,
  extendedKeyUsageExtension,
  formatCertificates,
  formatOneline,
  formatRfc4514,
  hasProxyName,
  isSignedBy,
  keySigner,
  keyUsage,
  keyUsageExtension,
  type Name,
  openPrivateKey,
  parseCertificate,
  parseCertificateRequest,
  parseCertificates,
  parseCrl,
  parseName,
  parseOneline,
  parseRfc4514,
  proxyCertInfoExtension,
  proxyTypeOfRequest,
  subjectAltNameExtension,
  subjectAltNames,
  subjectKeyIdentifier,
} from '../../src/x509/index.ts';
import { entry, makeCrl, reason } from '../../src/x509/sample-crl.test.ts';
import { makeAuthority, makeProxy, makeUser } from '../../src/x509/sample-holders.test.ts';

/** A parser with everything lazy behind it, and inputs that it reads. */
export interface Target {
  readonly name: string;
  readonly samples: readonly Buffer[];
  readonly read: (input: Buffer) => void | Promise<void>;
}

const EXTRA = [
  extendedKeyUsageExtension([EKU.clientAuth, EKU.serverAuth]),
  subjectAltNameExtension([
    { type: 'dns', value: 'node.example.org' },
    { type: 'ip', value: '2001:db8::1' },
    { type: 'directory', value: parseOneline('/O=Grid/CN=Jane') },
  ]),
];

/** Everything that reads bytes or text of strangers. */
export async function makeTargets(): Promise<Target[]> {
  const authority = await makeAuthority();
  const extensions = [keyUsageExtension(['digitalSignature']), ...EXTRA];
  const user = await makeUser(authority, {
    extensions,
    subject: parseOneline('/C=CH/O=Grid/CN=Jané\\/x+OU=b'),
  });
  const proxy = await makeProxy(user);
  const draft = await makeProxy(user, { type: { kind: 'draft', rights: 'limited', pathLength: 3 } });
  const certificates = [authority, user, proxy, draft].map(({ certificate }) => certificate);
  const request = await createCertificateRequest({
    subject: parseOneline('/CN=Jane'),
    signer: keySigner(user.privateKey),
    extensions: [proxyCertInfoExtension({ kind: 'rfc3820', rights: 'limited', pathLength: 2 })],
  });
  const crl = await makeCrl(authority, { entries: [entry(5n), entry(1n << 80n, reason(1))] });
  const key = user.privateKey.export({ type: 'pkcs8', format: 'der' });
  const onelines = certificates.map(({ subject }) => Buffer.from(formatOneline(subject)));
  const rfc4514 = certificates.map(({ subject }) => Buffer.from(formatRfc4514(subject)));
  const phrase = new Secret('hunter22');
  const traditional = user.privateKey.export({
    type: 'sec1',
    format: 'pem',
    cipher: 'aes-128-cbc',
    passphrase: 'hunter22',
  });
  const pbes2 = user.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-128-cbc',
    passphrase: 'hunter22',
  });
  return [
    {
      name: 'certificate',
      samples: certificates.map(({ der }) => der),
      read: (input) => {
        const certificate = parseCertificate(input);
        for (const look of [
          basicConstraints,
          keyUsage,
          extendedKeyUsage,
          subjectAltNames,
          subjectKeyIdentifier,
          authorityKeyIdentifier,
          describeProxy,
          hasProxyName,
          () => certificate.publicKey,
          () => isSignedBy(certificate, authority.certificate),
          () => isSignedBy(proxy.certificate, certificate),
        ]) {
          tolerate(() => look(certificate));
        }
        show(certificate.subject);
      },
    },
    {
      name: 'certificate request',
      samples: [request],
      read: (input) => {
        const parsed = parseCertificateRequest(input);
        tolerate(() => proxyTypeOfRequest(parsed));
        parsed.verify();
      },
    },
    {
      name: 'CRL',
      samples: [crl],
      read: (input) => {
        const parsed = parseCrl(input);
        tolerate(() => parsed.verifiedBy(authority.certificate));
        for (const serial of [5n, 1n << 80n, 0n]) parsed.revoked(serial);
      },
    },
    {
      name: 'name',
      samples: certificates.map(({ subject }) => subject.der),
      read: (input) => show(parseName(input)),
    },
    { name: 'one-line name', samples: onelines, read: (input) => show(parseOneline(input.toString('utf8'))) },
    { name: 'RFC 4514 name', samples: rfc4514, read: (input) => show(parseRfc4514(input.toString('utf8'))) },
    {
      name: 'PEM certificates',
      samples: [Buffer.from(formatCertificates(certificates))],
      read: (input) => void parseCertificates(input.toString('latin1')),
    },
    {
      name: 'private key',
      samples: [formatPem('PRIVATE KEY', key), traditional, pbes2].map((text) => Buffer.from(text)),
      read: async (input) => void (await openPrivateKey(input.toString('latin1'), phrase)),
    },
  ];
}

/**
 * Feeds `count` mutated samples to the targets in turn. Whatever is not read must be refused with a `LatchkeyError`, within a
 * second.
 *
 * @returns how many were read
 * @throws Error that names the target and the input in hexadecimal
 */
export async function fuzz(targets: readonly Target[], count: number, seed: number): Promise<number> {
  const random = generator(seed);
  let read = 0;
  for (let i = 0; i < count; i += 1) {
    const target = targets[i % targets.length];
    const sample = target?.samples[random(target.samples.length)];
    if (target === undefined || sample === undefined) throw new TypeError('a target without samples');
    const input = mutate(sample, random);
    const start = performance.now();
    try {
      await target.read(input);
      read += 1;
    } catch (cause) {
      if (!isLatchkeyError(cause)) {
        throw new Error(`${target.name}, case ${i} of seed ${seed}: ${input.toString('hex')}`, { cause });
      }
    }
    const took = performance.now() - start;
    if (took > 5000) throw new Error(`${target.name}, case ${i}: ${took} ms for ${input.toString('hex')}`);
  }
  return read;
}

function show(name: Name): void {
  const line = formatOneline(name);
  if (!/^[\x20-\x7e]*$/.test(line)) throw new TypeError(`a line with odd characters: ${line}`);
  parseRfc4514(formatRfc4514(name));
}

function tolerate(look: () => unknown): void {
  try {
    look();
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
  }
}

type Random = (below: number) => number;

function generator(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const INTERESTING = [
  0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x30, 0x31, 0x02, 0x06, 0x0a, 0x0d, 0x2b, 0x2f, 0x5c, 0xa0,
  0xa3,
];

function mutate(sample: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(sample);
  for (let times = 1 + random(4); times > 0; times -= 1) {
    const at = random(bytes.length + 1);
    const length = random(20);
    switch (random(7)) {
      case 0:
        bytes[at % bytes.length] = random(256);
        break;
      case 1:
        bytes[at % bytes.length] = INTERESTING[random(INTERESTING.length)] ?? 0;
        break;
      case 2:
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << random(8));
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          sample.subarray(random(sample.length)).subarray(0, length),
          bytes.subarray(at),
        ]);
        break;
      case 5:
        bytes = bytes.subarray(0, at);
        break;
      default:
        bytes = growLength(bytes, at);
    }
    if (bytes.length === 0) bytes = Buffer.from([0]);
  }
  return bytes;
}

/** Makes a short DER length one longer or shorter, which keeps more of the structure than random bytes do. */
function growLength(bytes: Buffer, from: number): Buffer {
  const at = bytes.findIndex((byte, i) => i >= from && byte > 1 && byte < 0x7f);
  if (at >= 0) bytes[at] = (bytes[at] ?? 0) + (from % 2 === 0 ? 1 : -1);
  return bytes;
}
