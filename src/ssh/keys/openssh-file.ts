import { keyMalformed, WireReader } from './wire-reader.ts';

/** The outside of an OpenSSH private key file (PROTOCOL.key): all that is readable without its pass phrase. */
export interface OpenSshFile {
  /** `none` = not encrypted. */
  readonly cipher: string;
  readonly kdf: string;
  readonly kdfOptions: Buffer;
  readonly publicBlob: Buffer;
  readonly sealed: Buffer;
  /** What follows the sealed part: the proof of ciphers that have one. */
  readonly tag: Buffer;
}

const MAGIC = Buffer.from('openssh-key-v1\0', 'latin1');

/** @throws LatchkeyError `ssh/key-malformed` */
export function parseOpenSshFile(bytes: Buffer): OpenSshFile {
  const reader = new WireReader(bytes);
  if (bytes.length < MAGIC.length || !reader.take(MAGIC.length).equals(MAGIC)) {
    throw keyMalformed('an OpenSSH private key without its first words');
  }
  const cipher = reader.text();
  const kdf = reader.text();
  const kdfOptions = reader.string();
  const count = reader.uint32();
  if (count !== 1) throw keyMalformed(`a file of ${count} keys, where one is expected`);
  const publicBlob = reader.string();
  const sealed = reader.string();
  return { cipher, kdf, kdfOptions, publicBlob, sealed, tag: reader.rest() };
}
