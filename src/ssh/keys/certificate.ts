import { quote } from '../../kit/index.ts';
import { keyTypeOf } from './key-type.ts';
import { publicKeyFromBlob, type SshPublicKey, splitLine } from './public-key.ts';
import { keyMalformed, WireReader, wireString } from './wire-reader.ts';

/** A certificate of OpenSSH (PROTOCOL.certkeys), not verified: that is for the server it is shown to. */
export interface SshCertificate {
  /** `ssh-ed25519-cert-v01@openssh.com` */
  readonly type: string;
  readonly kind: 'user' | 'host';
  /** The key that is certified. */
  readonly publicKey: SshPublicKey;
  readonly serial: bigint;
  /** What the authority calls it; for logs. */
  readonly keyId: string;
  /** Names it is good for; empty = every name. */
  readonly principals: readonly string[];
  readonly validAfter: Date;
  /** `undefined` = it never ends. */
  readonly validBefore: Date | undefined;
  readonly authority: SshPublicKey;
}

const SUFFIX = '-cert-v01@openssh.com';
const FOREVER = 0xffff_ffff_ffff_ffffn;
/** Largest time that a Date can hold, in seconds. */
const LAST_SECOND = 8_640_000_000_000n;

/** Reads the line of a `-cert.pub` file. @throws LatchkeyError `ssh/key-malformed` */
export function parseSshCertificate(text: string): SshCertificate {
  const { type, blob, comment } = splitLine(text);
  const reader = new WireReader(blob);
  const named = reader.text();
  if (named !== type)
    throw keyMalformed(`a line that says ${quote(type)} with a certificate of type ${quote(named)}`);
  const base = type.endsWith(SUFFIX) ? baseType(type.slice(0, -SUFFIX.length)) : undefined;
  if (base === undefined) throw keyMalformed(`${quote(type)} is no type of certificate that is known here`);
  reader.string();
  const start = reader.position;
  keyTypeOf(base)?.readPublic(reader);
  const publicKey = publicKeyFromBlob(
    Buffer.concat([wireString(base), blob.subarray(start, reader.position)]),
    comment,
  );
  const serial = reader.uint64();
  const kind = reader.uint32();
  if (kind !== 1 && kind !== 2) throw keyMalformed(`a certificate of the unknown kind ${kind}`);
  const keyId = reader.text();
  const principals = texts(reader.string());
  const after = reader.uint64();
  const before = reader.uint64();
  for (const _ of ['critical options', 'extensions', 'reserved']) reader.string();
  const authority = publicKeyFromBlob(reader.string());
  reader.string();
  if (!reader.isAtEnd) throw keyMalformed('a certificate with bytes after its end');
  return {
    ...{ type, kind: kind === 1 ? 'user' : 'host', publicKey, serial, keyId, principals, authority },
    validAfter: dateOf(after),
    validBefore: before === FOREVER ? undefined : dateOf(before),
  };
}

/** True when the certificate is for this key. */
export function isCertificateOf(certificate: SshCertificate, key: Pick<SshPublicKey, 'blob'>): boolean {
  return certificate.publicKey.blob.equals(key.blob);
}

function baseType(name: string): string | undefined {
  return [name, `${name}@openssh.com`].find((candidate) => keyTypeOf(candidate) !== undefined);
}

function texts(bytes: Buffer): string[] {
  const reader = new WireReader(bytes);
  const found: string[] = [];
  while (!reader.isAtEnd) found.push(reader.text());
  return found;
}

function dateOf(seconds: bigint): Date {
  return new Date(Number(seconds < LAST_SECOND ? seconds : LAST_SECOND) * 1000);
}
