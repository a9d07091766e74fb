import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type PemBlock, parsePem } from '../asn1/index.ts';
import { isLatchkeyError, LatchkeyError, type Secret } from '../kit/index.ts';
import { decryptPbes2 } from './pbes2.ts';
import { decryptTraditional, isTraditionallyEncrypted } from './traditional-encryption.ts';

type Encoding = 'pkcs1' | 'sec1' | 'pkcs8';

/** PEM labels of private keys, and how their contents are encoded. */
const ENCODINGS: Readonly<Record<string, Encoding>> = {
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
  'PRIVATE KEY': 'pkcs8',
  'ENCRYPTED PRIVATE KEY': 'pkcs8',
};

const MAX_KEY_BYTES = 65_536;

/**
 * Opens the first private key in a PEM text: PKCS #1, SEC 1, PKCS #8, encrypted PKCS #8 (PBES2), and traditional PEM
 * encryption (3DES, AES). Key derivation runs on Node's thread pool, with bounded cost. A pass phrase is not looked at when the key
 * is not encrypted.
 *
 * @throws LatchkeyError `x509/key-malformed` (no key, or not readable), `x509/pass-phrase-needed`, `x509/pass-phrase-wrong`,
 * `x509/algorithm-unsupported`
 */
export async function openPrivateKey(pem: string, passPhrase?: Secret): Promise<KeyObject> {
  const block = keyBlock(pem);
  if (!isEncryptedBlock(block)) return readKey(block.der, encodingOf(block));
  if (passPhrase === undefined) {
    throw new LatchkeyError(
      'x509/pass-phrase-needed',
      'the private key is encrypted and no pass phrase was given',
    );
  }
  const der = await decrypt(block, passPhrase);
  try {
    if (der !== undefined) return readKey(der, encodingOf(block));
  } catch (error) {
    // Garbage that happens to be padded well: the pass phrase was wrong all the same.
    if (!isLatchkeyError(error, 'x509/key-malformed')) throw error;
  } finally {
    der?.fill(0);
  }
  throw new LatchkeyError('x509/pass-phrase-wrong', 'the pass phrase does not open the private key');
}

/** True when the first private key of a PEM text is encrypted. @throws LatchkeyError `x509/key-malformed` when there is none */
export function isEncryptedKey(pem: string): boolean {
  return isEncryptedBlock(keyBlock(pem));
}

function keyBlock(pem: string): PemBlock {
  const blocks = reading(() => parsePem(pem));
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw keyMalformed('a PEM text without a private key');
  if (block.der.length > MAX_KEY_BYTES)
    throw keyMalformed(`a private key of more than ${MAX_KEY_BYTES} bytes`);
  if (!Object.hasOwn(ENCODINGS, block.label)) {
    throw new LatchkeyError(
      'x509/algorithm-unsupported',
      `a ${block.label} where an RSA or EC key is needed`,
    );
  }
  return block;
}

function encodingOf(block: PemBlock): Encoding {
  return ENCODINGS[block.label] ?? 'pkcs8';
}

function isEncryptedBlock(block: PemBlock): boolean {
  return block.label === 'ENCRYPTED PRIVATE KEY' || isTraditionallyEncrypted(block);
}

async function decrypt(block: PemBlock, passPhrase: Secret): Promise<Buffer | undefined> {
  try {
    return block.label === 'ENCRYPTED PRIVATE KEY'
      ? await decryptPbes2(block.der, passPhrase)
      : decryptTraditional(block, passPhrase);
  } catch (cause) {
    throw asKeyError(cause);
  }
}

function readKey(der: Buffer, type: Encoding): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: der, format: 'der', type });
  } catch (cause) {
    throw keyMalformed('a private key that OpenSSL cannot read', cause);
  }
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (modulusLength > 16_384) throw keyMalformed(`an RSA key of ${modulusLength} bits`);
  if (key.asymmetricKeyType === 'ec' && namedCurve === undefined) {
    throw keyMalformed('an EC key on a curve given by parameters instead of its name');
  }
  return key;
}

function reading<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw asKeyError(cause);
  }
}

function asKeyError(cause: unknown): unknown {
  if (!isLatchkeyError(cause) || cause.code === 'x509/algorithm-unsupported') return cause;
  return keyMalformed(`not a well-formed private key: ${cause.message}`, cause);
}

function keyMalformed(message: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('x509/key-malformed', message, cause === undefined ? {} : { cause });
}
