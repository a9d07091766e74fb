import { createPrivateKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import {
  Cursor,
  children,
  contextTag,
  type Element,
  encodeOctetString,
  encodeSequence,
  implicitTag,
  readOctetString,
  readOid,
  readOnly,
  readSmallInteger,
  TAG,
} from '../asn1/index.ts';
import { isLatchkeyError, LatchkeyError, type Secret } from '../kit/index.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { type Credential, isKeyOf, makeCredential } from './credential.ts';

import { decryptPbes2 } from './pbes2.ts';
import { decryptPkcs12, isPkcs12Scheme, pkcs12Mac } from './pkcs12-derivation.ts';
import { malformed, reading } from './reading.ts';
import { isSameName } from './subject-hash.ts';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';

const MAX_BYTES = 1 << 20;
const MAX_BAGS = 100;
const WHAT = 'PKCS#12 file';

/** True for bytes that begin as a PKCS#12 file does: a SEQUENCE with the version 3. */
export function isPkcs12(bytes: Buffer): boolean {
  if (bytes[0] !== TAG.sequence) return false;
  const long = (bytes[1] ?? 0) & 0x80 ? (bytes[1] ?? 0) & 0x7f : 0;
  return bytes.subarray(2 + long, 5 + long).equals(Buffer.from([TAG.integer, 1, 3]));
}

/**
 * Opens a PKCS#12 file (RFC 7292) with one key: its certificate first, then those above it as far as they are in the file. PBES2, as
 * OpenSSL 3 writes it, and 3DES with SHA-1, as older programs do. Its integrity is checked before anything is decrypted.
 *
 * @throws LatchkeyError `x509/malformed`, `x509/pass-phrase-wrong`, `x509/key-mismatch`, `x509/algorithm-unsupported` with the command
 * that writes it anew
 */
export async function openPkcs12(bytes: Buffer, passPhrase: Secret): Promise<Credential> {
  if (bytes.length > MAX_BYTES)
    throw malformed(WHAT, `${bytes.length} bytes, where ${MAX_BYTES} are the limit`);
  try {
    const { safe, mac } = reading(WHAT, () => readOuter(bytes));
    if (mac !== undefined && !timingSafeEqual(pkcs12Mac(mac.parameters, safe, passPhrase), mac.digest))
      throw wrongPassPhrase();
    const bags = await readSafe(safe, passPhrase);
    return orderedCredential(bags);
  } catch (error) {
    if (isLatchkeyError(error) && error.code.startsWith('asn1/'))
      throw new LatchkeyError('x509/malformed', `not a well-formed ${WHAT}: ${error.message}`, {
        cause: error,
      });
    if (isLatchkeyError(error, 'x509/algorithm-unsupported'))
      throw new LatchkeyError(error.code, `${error.message} (in a ${WHAT})`, { cause: error, hint: REWRITE });
    throw error;
  }
}

const REWRITE =
  'write it as two files: openssl pkcs12 -legacy -in usercred.p12 -clcerts -nokeys -out usercert.pem, and openssl pkcs12 -legacy -in usercred.p12 -nocerts -out userkey.pem; chmod 600 userkey.pem';

interface Bags {
  readonly keys: KeyObject[];
  readonly certificates: Certificate[];
}

function readOuter(bytes: Buffer) {
  const pfx = new Cursor(readOnly(bytes, TAG.sequence));
  if (readSmallInteger(pfx.take(TAG.integer)) !== 3) throw malformed(WHAT, 'it is not of version 3');
  const { oid, content } = readContentInfo(pfx.take(TAG.sequence));
  if (oid !== DATA) throw malformed(WHAT, 'it is protected by a public key, not by a pass phrase');
  const macData = pfx.takeIf(TAG.sequence);
  pfx.end();
  const safe = readOctetString(content);
  if (macData === undefined) return { safe, mac: undefined };
  const mac = new Cursor(macData);
  const digestInfo = new Cursor(mac.take(TAG.sequence));
  const algorithm = readOid(new Cursor(digestInfo.take(TAG.sequence)).take());
  const digest = readOctetString(digestInfo.take());
  const salt = readOctetString(mac.take());
  const count = mac.takeIf(TAG.integer);
  const iterations = count === undefined ? 1 : readSmallInteger(count);
  return { safe, mac: { digest, parameters: { algorithm, salt, iterations, length: digest.length } } };
}

function readContentInfo(element: Element): { oid: string; content: Element } {
  const cursor = new Cursor(element);
  const oid = readOid(cursor.take());
  return { oid, content: new Cursor(cursor.take(contextTag(0))).take() };
}

async function readSafe(safe: Buffer, passPhrase: Secret): Promise<Bags> {
  const bags: Bags = { keys: [], certificates: [] };
  for (const part of children(readOnly(safe, TAG.sequence))) {
    const { oid, content } = readContentInfo(part);
    if (oid === DATA) await readBags(readOctetString(content), passPhrase, bags);
    else if (oid === ENCRYPTED_DATA) {
      const encrypted = new Cursor(content);
      encrypted.take(TAG.integer);
      const info = new Cursor(encrypted.take(TAG.sequence));
      info.take();
      const algorithm = info.take(TAG.sequence);
      const sealed = info.take(implicitTag(0)).contents;
      await readBags(await decrypt(algorithm, sealed, passPhrase), passPhrase, bags);
    } else throw malformed(WHAT, `contents of type ${oid}`);
  }
  return bags;
}

async function readBags(der: Buffer, passPhrase: Secret, bags: Bags): Promise<void> {
  const elements = children(readOnly(der, TAG.sequence));
  if (elements.length > MAX_BAGS) throw malformed(WHAT, `${elements.length} entries`);
  for (const element of elements) {
    const bag = new Cursor(element);
    const oid = readOid(bag.take());
    const value = new Cursor(bag.take(contextTag(0))).take();
    if (oid === KEY_BAG) bags.keys.push(readKey(value.der));
    else if (oid === SHROUDED_KEY_BAG) {
      const info = new Cursor(value);
      const key = await decrypt(info.take(TAG.sequence), readOctetString(info.take()), passPhrase);
      bags.keys.push(readKey(key));
      key.fill(0);
    } else if (oid === CERTIFICATE_BAG) {
      const certificate = new Cursor(value);
      if (readOid(certificate.take()) !== X509_CERTIFICATE) continue;
      const contents = readOctetString(new Cursor(certificate.take(contextTag(0))).take());
      bags.certificates.push(parseCertificate(contents));
    }
  }
}

async function decrypt(algorithm: Element, sealed: Buffer, passPhrase: Secret): Promise<Buffer> {
  const scheme = readOid(new Cursor(algorithm).take());
  const clear = isPkcs12Scheme(scheme)
    ? decryptPkcs12(algorithm, sealed, passPhrase)
    : await decryptPbes2(encodeSequence(algorithm.der, encodeOctetString(sealed)), passPhrase);
  if (clear === undefined) throw wrongPassPhrase();
  return clear;
}

function readKey(der: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw new LatchkeyError('x509/key-malformed', `a private key that OpenSSL cannot read (in a ${WHAT})`, {
      cause,
    });
  }
}

/** The certificate of the key, and those that each time issued the one before. */
function orderedCredential({ keys, certificates }: Bags): Credential {
  const [key] = keys;
  if (key === undefined || keys.length > 1)
    throw malformed(WHAT, `${keys.length} private keys in it, where one is expected`);
  const leaf = certificates.find((certificate) => isKeyOf(key, certificate));
  if (leaf === undefined)
    throw new LatchkeyError('x509/key-mismatch', `no certificate in the ${WHAT} is that of its key`);
  const chain = [leaf];
  for (let last = leaf; chain.length <= certificates.length; ) {
    const above = certificates.find((one) => !chain.includes(one) && isSameName(one.subject, last.issuer));
    if (above === undefined || isSameName(above.subject, above.issuer)) break;
    chain.push(above);
    last = above;
  }
  return makeCredential(chain, key);
}

function wrongPassPhrase(): LatchkeyError {
  return new LatchkeyError('x509/pass-phrase-wrong', `the pass phrase does not open the ${WHAT}`);
}
