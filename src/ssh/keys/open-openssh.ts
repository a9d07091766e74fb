import type { JsonWebKey } from 'node:crypto';
import { LatchkeyError, quote, type Secret } from '../../kit/index.ts';
import { type KeyCipher, keyCipher } from './key-ciphers.ts';
import { keyTypeOf } from './key-type.ts';
import { runKeyWork } from './key-worker.ts';
import type { OpenSshFile } from './openssh-file.ts';
import { keyMalformed, WireReader } from './wire-reader.ts';

/** What was sealed in a key file. */
export interface OpenedKey {
  readonly jwk: JsonWebKey | undefined;
  readonly comment: string;
}

/** ssh-keygen makes 16 or 24; each costs about 10 ms here. */
const MAX_ROUNDS = 4096;

/** @throws LatchkeyError `ssh/key-malformed`, `ssh/pass-phrase-needed`, `ssh/pass-phrase-wrong`, `ssh/unsupported` */
export async function openOpenSshFile(
  file: OpenSshFile,
  passPhrase: Secret | undefined,
  signal?: AbortSignal,
): Promise<OpenedKey> {
  if (file.cipher === 'none') {
    if (file.kdf !== 'none') throw keyMalformed('a key that is not encrypted with a key derivation');
    return readPrivate(file.sealed, 8, file.publicBlob);
  }
  const cipher = keyCipher(file.cipher);
  if (cipher === undefined || file.kdf !== 'bcrypt') {
    const what = cipher === undefined ? `cipher ${quote(file.cipher)}` : `key derivation ${quote(file.kdf)}`;
    throw new LatchkeyError('ssh/unsupported', `a key encrypted with the unknown ${what}`);
  }
  if (file.sealed.length === 0 || file.sealed.length % cipher.blockBytes !== 0) {
    throw keyMalformed(`an encrypted part of ${file.sealed.length} bytes`);
  }
  if (file.tag.length !== cipher.tagBytes) throw keyMalformed('a key with bytes after its end');
  if (passPhrase === undefined || passPhrase.isEmpty) {
    throw new LatchkeyError('ssh/pass-phrase-needed', 'the key is encrypted and no pass phrase was given');
  }
  const plain = await decrypt(file, cipher, passPhrase, signal);
  try {
    return readPrivate(plain, cipher.blockBytes, file.publicBlob, 'sealed');
  } finally {
    plain.fill(0);
  }
}

async function decrypt(
  file: OpenSshFile,
  cipher: KeyCipher,
  passPhrase: Secret,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const options = new WireReader(file.kdfOptions);
  const salt = options.string();
  const rounds = options.uint32();
  if (!options.isAtEnd || salt.length === 0 || salt.length > 1024 || rounds === 0) {
    throw keyMalformed('a key with a key derivation that cannot be');
  }
  if (rounds > MAX_ROUNDS) throw keyMalformed(`${rounds} rounds of key derivation, more than ${MAX_ROUNDS}`);
  const length = cipher.keyBytes + cipher.ivBytes;
  const derived = await runKeyWork({ type: 'bcrypt', salt, rounds, length }, passPhrase, signal);
  if (!Buffer.isBuffer(derived)) throw keyMalformed(derived.error);
  try {
    const [key, iv] = [derived.subarray(0, cipher.keyBytes), derived.subarray(cipher.keyBytes)];
    return cipher.open(key, iv, file.sealed, file.tag);
  } catch (cause) {
    throw passPhraseWrong(cause);
  } finally {
    derived.fill(0);
  }
}

/** The two check numbers are equal when the bytes were decrypted with the right key. */
function readPrivate(plain: Buffer, blockBytes: number, publicBlob: Buffer, sealed?: 'sealed'): OpenedKey {
  const reader = new WireReader(plain);
  if (plain.length < 8 || !reader.take(4).equals(reader.take(4))) {
    throw sealed ? passPhraseWrong() : keyMalformed('a key whose check numbers differ');
  }
  const name = reader.text();
  const type = keyTypeOf(name);
  if (type === undefined) throw keyMalformed(`a private key of the unknown type ${quote(name)}`);
  const { jwk, blob } = type.readPrivate(reader);
  if (!blob.equals(publicBlob)) throw keyMalformed('a private key that does not belong to its public key');
  const comment = reader.text();
  const padding = reader.rest();
  if (padding.length >= blockBytes + 8 || padding.some((byte, index) => byte !== ((index + 1) & 0xff))) {
    throw keyMalformed('a private key with wrong padding');
  }
  return { jwk, comment };
}

export function passPhraseWrong(cause?: unknown): LatchkeyError {
  return new LatchkeyError('ssh/pass-phrase-wrong', 'the pass phrase does not open the key', {
    ...(cause === undefined ? {} : { cause }),
  });
}
