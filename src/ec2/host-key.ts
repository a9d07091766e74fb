import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Secret } from '../kit/index.ts';

/** A host key made for one instance before it boots, so that it is known from the first connection on. */
export interface HostKey {
  /** `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
  /** OpenSSH's own format (openssh-key-v1), not encrypted. */
  readonly privateKey: Secret;
}

const TYPE = 'ssh-ed25519';
const MAGIC = Buffer.from('openssh-key-v1\0');

/** Makes an ed25519 host key. */
export function generateHostKey(): HostKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { x = '', d = '' } = privateKey.export({ format: 'jwk' });
  const point = Buffer.from(x, 'base64url');
  const publicBlob = Buffer.concat([field(TYPE), field(point)]);
  const check = randomBytes(4);
  const secretPart = Buffer.concat([
    check,
    check,
    publicBlob,
    field(Buffer.concat([Buffer.from(d, 'base64url'), point])),
    field(''),
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (secretPart.length % 8)) % 8);
  const whole = Buffer.concat([
    MAGIC,
    field('none'),
    field('none'),
    field(''),
    Buffer.from([0, 0, 0, 1]),
    field(publicBlob),
    field(Buffer.concat([secretPart, padding])),
  ]);
  const lines = whole.toString('base64').replace(/.{70}(?=.)/g, '$&\n');
  return {
    publicKey: `${TYPE} ${publicBlob.toString('base64')}`,
    privateKey: new Secret(
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`,
    ),
  };
}

/** A string of the wire format (RFC 4251 §5). */
function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as Uint8Array);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
