import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { LatchkeyError, quote, type Secret } from '../../kit/index.ts';
import { privateKeyOf } from './key-type.ts';
import { openOpenSshFile } from './open-openssh.ts';
import { parseOpenSshFile } from './openssh-file.ts';
import { isPemEncrypted, isPemKeyLabel, openPemKey } from './pem-key.ts';
import { type PemText, parsePemText } from './pem-text.ts';
import { publicKeyFromBlob, type SshPublicKey, toSshPublicKey } from './public-key.ts';
import { keyMalformed } from './wire-reader.ts';

/** What a private key file says without its pass phrase. */
export interface SshKeyFile {
  readonly format: 'openssh' | 'pem';
  readonly isEncrypted: boolean;
  /** Always there in OpenSSH's format, which has it in clear; else only when the key is not encrypted. */
  readonly publicKey: SshPublicKey | undefined;
}

/** A private key that was opened. */
export interface SshPrivateKey {
  readonly publicKey: SshPublicKey;
  /** `undefined` for kinds that ssh can use and Node cannot: DSA, security keys. */
  readonly privateKey: KeyObject | undefined;
  readonly comment: string;
}

/** How {@link openSshKey} opens a key. */
export interface OpenKeyOptions {
  readonly passPhrase?: Secret | undefined;
  readonly signal?: AbortSignal | undefined;
}

const OPENSSH = 'OPENSSH PRIVATE KEY';

/**
 * Looks at the text of a private key file without opening it: OpenSSH's own format, and PEM (PKCS #1, SEC 1, PKCS #8,
 * both kinds of encryption).
 *
 * @throws LatchkeyError `ssh/key-malformed`, `ssh/unsupported` for formats of other programs
 */
export function inspectSshKey(text: string): SshKeyFile {
  const pem = parseKeyText(text);
  if (pem.label === OPENSSH) {
    const file = parseOpenSshFile(pem.body);
    return {
      ...{ format: 'openssh', isEncrypted: file.cipher !== 'none' },
      publicKey: publicKeyFromBlob(file.publicBlob),
    };
  }
  const isEncrypted = isPemEncrypted(pem);
  return { format: 'pem', isEncrypted, publicKey: isEncrypted ? undefined : publicPart(pem) };
}

/**
 * Opens a private key, in this process and without any program. Key derivation runs in a thread of its own with bounded cost; that
 * the halves belong together is tried with a signature. A pass phrase is not looked at when the key is not encrypted.
 *
 * @throws LatchkeyError `ssh/key-malformed`, `ssh/pass-phrase-needed`, `ssh/pass-phrase-wrong`, `ssh/unsupported`
 */
export async function openSshKey(text: string, options: OpenKeyOptions = {}): Promise<SshPrivateKey> {
  const { passPhrase, signal } = options;
  const pem = parseKeyText(text);
  if (pem.label === OPENSSH) {
    const file = parseOpenSshFile(pem.body);
    const publicKey = publicKeyFromBlob(file.publicBlob);
    const { jwk, comment } = await openOpenSshFile(file, passPhrase, signal);
    const privateKey = jwk && privateKeyOf(jwk);
    if (privateKey !== undefined) prove(privateKey, publicKey);
    return { publicKey: { ...publicKey, comment }, privateKey, comment };
  }
  const privateKey = await openPemKey(pem, passPhrase, signal);
  checkSize(privateKey);
  if (privateKey.asymmetricKeyType === 'dsa') {
    throw new LatchkeyError('ssh/unsupported', 'a DSA key, which current ssh programs refuse', {
      hint: 'make a new one: ssh-keygen -t ed25519',
    });
  }
  const publicKey = toSshPublicKey(createPublicKey(privateKey));
  prove(privateKey, publicKey);
  return { publicKey, privateKey, comment: '' };
}

function parseKeyText(text: string): PemText {
  if (/^PuTTY-User-Key-File-|^---- BEGIN SSH2 /m.test(text)) {
    throw new LatchkeyError('ssh/unsupported', 'a key in the format of another program', {
      hint: 'convert it: puttygen KEY -O private-openssh-new, or ssh-keygen -i -f KEY',
    });
  }
  if (/^(?:ssh|ecdsa|sk)-[!-~]+ AAAA/.test(text)) {
    throw keyMalformed('a public key where a private key is expected');
  }
  const pem = parsePemText(text);
  if (pem.label !== OPENSSH && !isPemKeyLabel(pem.label)) {
    throw new LatchkeyError('ssh/unsupported', `a private key of the unknown kind ${quote(pem.label)}`);
  }
  return pem;
}

function publicPart(pem: PemText): SshPublicKey | undefined {
  try {
    const key = createPublicKey({ key: pem.text, format: 'pem' });
    return key.asymmetricKeyType === 'dsa' ? undefined : toSshPublicKey(key);
  } catch (cause) {
    throw cause instanceof LatchkeyError
      ? cause
      : keyMalformed('a private key that OpenSSL cannot read', cause);
  }
}

function checkSize(key: KeyObject): void {
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (modulusLength > 16_384) throw keyMalformed(`an RSA key of ${modulusLength} bits`);
}

function prove(privateKey: KeyObject, { key }: SshPublicKey): void {
  const digest = privateKey.asymmetricKeyType === 'ed25519' ? undefined : 'sha256';
  const words = Buffer.from('latchkey: do these halves belong together?');
  try {
    if (key !== undefined && verify(digest, words, key, sign(digest, words, privateKey))) return;
  } catch (cause) {
    throw keyMalformed('a private key that cannot sign', cause);
  }
  throw keyMalformed('a private key that does not belong to its public key');
}
