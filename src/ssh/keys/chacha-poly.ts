import { createDecipheriv, timingSafeEqual } from 'node:crypto';

const PRIME = (1n << 130n) - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

/**
 * Opens what `chacha20-poly1305@openssh.com` has sealed, with sequence number 0 and nothing beside it (PROTOCOL.chacha20poly1305, as it is
 * used for private key files): the first half of the key is for the contents, the other for a length that files do not have.
 *
 * @throws Error when the proof is wrong
 */
export function openChaChaPoly(key: Buffer, sealed: Buffer, tag: Buffer): Buffer {
  const main = key.subarray(0, 32);
  const oneTimeKey = chacha(main, 0, Buffer.alloc(32));
  if (!timingSafeEqual(poly1305(oneTimeKey, sealed), tag)) throw new Error('the authentication tag is wrong');
  return chacha(main, 1, sealed);
}

/** OpenSSL's IV is the block counter (64 bits, little-endian) and the nonce. */
function chacha(key: Buffer, counter: number, bytes: Buffer): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeUInt32LE(counter);
  return createDecipheriv('chacha20', key, iv).update(bytes);
}

/** RFC 8439 §2.5. Not in constant time: it runs once, on a file of the user's own. */
function poly1305(key: Buffer, message: Buffer): Buffer {
  const r = littleEndian(key.subarray(0, 16)) & CLAMP;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const part = Buffer.concat([message.subarray(at, at + 16), Buffer.of(1)]);
    sum = ((sum + littleEndian(part)) * r) % PRIME;
  }
  const total = (sum + littleEndian(key.subarray(16, 32))) & ((1n << 128n) - 1n);
  return Buffer.from(total.toString(16).padStart(32, '0'), 'hex').reverse();
}

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
