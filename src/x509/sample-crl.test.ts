// No tests here: revocation lists, good and bad, for the tests of this folder.
import {
  encode,
  encodeBitString,
  encodeInteger,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeTime,
} from '../asn1/index.ts';
import { keySigner } from './index.ts';
import { type Holder, NOW } from './sample-holders.test.ts';
import { signatureAlgorithmFor } from './signature-algorithm.ts';

/** A revoked certificate. */
export const entry = (serial: bigint, ...extensions: Buffer[]): Buffer =>
  encodeSequence(
    encodeInteger(serial),
    encodeTime(NOW),
    ...(extensions.length === 0 ? [] : [encodeSequence(...extensions)]),
  );
/** The extension that says why. */
export const reason = (code: number): Buffer =>
  encodeSequence(encodeOid('2.5.29.21'), encodeOctetString(encode(0x0a, Buffer.from([code]))));

/** Parts of a list, DER, that differ from a plain empty one. */
export interface CrlParts {
  readonly version?: readonly Buffer[];
  readonly next?: readonly Buffer[];
  readonly entries?: readonly Buffer[];
  readonly extensions?: readonly Buffer[];
}

/** A list of `signer`, which need not be a CA. */
export async function makeCrl(signer: Holder, parts: CrlParts): Promise<Buffer> {
  const algorithm = signatureAlgorithmFor(signer.publicKey, 'sha256');
  const tbs = encodeSequence(
    ...(parts.version ?? [encodeInteger(1)]),
    algorithm,
    signer.certificate.subject.der,
    encodeTime(NOW),
    ...(parts.next ?? [encodeTime(new Date(NOW.getTime() + 1000))]),
    ...(parts.entries === undefined ? [] : [encodeSequence(...parts.entries)]),
    ...(parts.extensions ?? []),
  );
  return encodeSequence(
    tbs,
    algorithm,
    encodeBitString(await keySigner(signer.privateKey).sign(tbs, 'sha256')),
  );
}
