import { createHash, createPublicKey } from 'node:crypto';
import { LatchkeyError } from '../kit/index.ts';
import type { KeyPairInfo } from './answers.ts';

/** A public key that EC2 takes. */
export interface PublicKeyLine {
  /** `ssh-ed25519 AAAA…`, without options and comment. */
  readonly line: string;
  readonly type: 'ssh-ed25519' | 'ssh-rsa';
  /** Wire format, RFC 4253 §6.6. */
  readonly blob: Buffer;
}

const LINE = /^(ssh-ed25519|ssh-rsa) +([A-Za-z0-9+/]{40,4096}={0,2})(?: [^\n]*)?\n?$/;

/**
 * Reads the OpenSSH line of a public key; only this may ever leave the machine.
 *
 * @throws LatchkeyError `ec2/config`; it repeats nothing of the text, which may be a private key given by mistake
 */
export function readPublicKey(text: string): PublicKeyLine {
  if (/PRIVATE KEY/.test(text)) throw unusable('got a private key: only the public half may be registered');
  const [, type, base64 = ''] = LINE.exec(text.replace(/\r\n?/g, '\n')) ?? [];
  const blob = Buffer.from(base64, 'base64');
  if ((type !== 'ssh-ed25519' && type !== 'ssh-rsa') || readField(blob, 0)?.toString('latin1') !== type)
    throw unusable('expected one line "ssh-ed25519 …" or "ssh-rsa …", got something else');
  return { line: `${type} ${base64}`, type, blob };
}

/**
 * Is a registered key this one? By the key itself where the endpoint keeps it, else by its digest: of ed25519 the SHA-256 that
 * OpenSSH prints, of an imported RSA key the MD5 of its DER (or, in the documentation, of its wire format). `undefined`: the endpoint gives
 * neither, or a digest of another kind, as for a key that it has made itself.
 */
export function isSameKey(key: PublicKeyLine, registered: KeyPairInfo): boolean | undefined {
  if (registered.publicKey !== undefined) {
    const [type, base64] = registered.publicKey.trim().split(/ +/);
    return type === key.type && base64 === key.line.split(' ')[1];
  }
  const { fingerprint } = registered;
  if (fingerprint === undefined) return undefined;
  if (/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/.test(fingerprint)) {
    if (key.type !== 'ssh-rsa') return false;
    return [md5(rsaDer(key.blob)), md5(key.blob)].includes(fingerprint);
  }
  const sha256 = /^(?:SHA256:)?([A-Za-z0-9+/]{43})=?$/.exec(fingerprint)?.[1];
  if (sha256 === undefined) return undefined;
  return createHash('sha256').update(key.blob).digest('base64').replace('=', '') === sha256;
}

function md5(bytes: Uint8Array): string {
  return createHash('md5')
    .update(bytes)
    .digest('hex')
    .replace(/..(?=.)/g, '$&:');
}

function rsaDer(blob: Buffer): Buffer {
  const e = readField(blob, 4 + 'ssh-rsa'.length);
  const n = e === undefined ? undefined : readField(blob, 4 + 'ssh-rsa'.length + 4 + e.length);
  if (e === undefined || n === undefined) throw unusable('expected an RSA key, got half of one');
  const number = (bytes: Buffer) =>
    bytes.subarray(bytes.findIndex((byte) => byte !== 0)).toString('base64url');
  const key = createPublicKey({ key: { kty: 'RSA', e: number(e), n: number(n) }, format: 'jwk' });
  return key.export({ type: 'spki', format: 'der' });
}

/** A string of the wire format: four bytes of length, then the bytes (RFC 4251 §5). */
function readField(blob: Buffer, at: number): Buffer | undefined {
  if (blob.length < at + 4) return undefined;
  const end = at + 4 + blob.readUInt32BE(at);
  return end <= blob.length ? blob.subarray(at + 4, end) : undefined;
}

function unusable(message: string): LatchkeyError {
  return new LatchkeyError('ec2/config', message, {
    hint: 'EC2 knows ed25519 and RSA keys; give the text of the .pub file, or make one with ssh-keygen -y',
  });
}
