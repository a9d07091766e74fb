import { createPrivateKey, type KeyObject } from 'node:crypto';
import { LatchkeyError, quote, type Secret } from '../../kit/index.ts';
import { derivationCost, isWholeSequence } from './derivation-cost.ts';
import { runKeyWork } from './key-worker.ts';
import { passPhraseWrong } from './open-openssh.ts';
import type { PemText } from './pem-text.ts';
import { keyMalformed } from './wire-reader.ts';

/** Iterations, or memory steps, of a key derivation; OpenSSL's own tools use 2 048, careful people a million. */
const MAX_COST = 1 << 22;

/** Traditional encryption: the header names the cipher. */
const TRADITIONAL = /^(AES-(?:128|192|256)-CBC|DES-EDE3-CBC),([0-9A-Fa-f]{16,32})$/;

/** PKCS #1, SEC 1 and PKCS #8, encrypted or not. */
export function isPemKeyLabel(label: string): boolean {
  return /^(?:(?:RSA|EC|DSA|ENCRYPTED) )?PRIVATE KEY$/.test(label);
}

export function isPemEncrypted(pem: PemText): boolean {
  return pem.label === 'ENCRYPTED PRIVATE KEY' || /ENCRYPTED/.test(pem.headers.get('Proc-Type') ?? '');
}

/** @throws LatchkeyError `ssh/key-malformed`, `ssh/pass-phrase-needed`, `ssh/pass-phrase-wrong`, `ssh/unsupported` */
export async function openPemKey(
  pem: PemText,
  passPhrase: Secret | undefined,
  signal?: AbortSignal,
): Promise<KeyObject> {
  if (!isPemEncrypted(pem)) return readPlain(pem);
  checkSealing(pem);
  if (passPhrase === undefined || passPhrase.isEmpty) {
    throw new LatchkeyError('ssh/pass-phrase-needed', 'the key is encrypted and no pass phrase was given');
  }
  const opened = await runKeyWork({ type: 'pem', pem: pem.text }, passPhrase, signal);
  // The sealing is well-formed: whatever comes out as garbage was opened with another pass phrase.
  if (!Buffer.isBuffer(opened)) throw passPhraseWrong(new Error(opened.error));
  try {
    return createPrivateKey({ key: opened, format: 'der', type: 'pkcs8' });
  } finally {
    opened.fill(0);
  }
}

function readPlain(pem: PemText): KeyObject {
  try {
    return createPrivateKey({ key: pem.text, format: 'pem' });
  } catch (cause) {
    throw keyMalformed('a private key that OpenSSL cannot read', cause);
  }
}

function checkSealing(pem: PemText): void {
  if (pem.label !== 'ENCRYPTED PRIVATE KEY') {
    const info = pem.headers.get('DEK-Info') ?? '';
    const match = TRADITIONAL.exec(info);
    if (match === null) {
      throw new LatchkeyError(
        'ssh/unsupported',
        `a key encrypted with ${quote(info)}, which is not known here`,
      );
    }
    const blockBytes = match[1]?.startsWith('DES') ? 8 : 16;
    if (match[2]?.length !== 2 * blockBytes) throw keyMalformed('a key whose DEK-Info has the wrong length');
    if (pem.body.length === 0 || pem.body.length % blockBytes !== 0) {
      throw keyMalformed(`an encrypted part of ${pem.body.length} bytes`);
    }
    return;
  }
  if (!isWholeSequence(pem.body)) throw keyMalformed('an encrypted private key that is not whole');
  const cost = derivationCost(pem.body);
  if (cost > MAX_COST) throw keyMalformed(`a key derivation of ${cost} steps, more than ${MAX_COST}`);
}
