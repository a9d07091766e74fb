import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { LatchkeyError } from './errors.ts';
import { Secret } from './secret.ts';
import { SERVER_KEY_BYTES } from './server-key.ts';

/** Keys ready for use: the first seals, all open, so that a key can be changed step by step. */
export type SealingKeys = readonly { readonly id: Buffer; readonly key: KeyObject }[];

const VERSION = 1;
const KEY_ID_BYTES = 8;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + IV_BYTES;
const TEXT_PREFIX = 'latchkey-sealed:v1:';

/** @throws LatchkeyError `sealing/key` unless each key has 32 bytes */
export function sealingKeys(keys: readonly [Secret, ...Secret[]]): SealingKeys {
  return keys.map((secret) => {
    if (secret.length !== SERVER_KEY_BYTES) {
      const what = `a server key has ${SERVER_KEY_BYTES} bytes, this one has ${secret.length}`;
      throw new LatchkeyError('sealing/key', what, { hint: 'make one with: openssl rand 32' });
    }
    return {
      id: sha256(sha256(secret.reveal())).subarray(0, KEY_ID_BYTES),
      key: createSecretKey(secret.reveal()),
    };
  });
}

/**
 * Seals with AES-256-GCM under the first key. The result holds: version 1, key id (first 8 bytes of SHA-256 of the
 * key's SHA-256), 12 random bytes of IV, ciphertext, 16 bytes of tag; header and `boundTo` are authenticated.
 *
 * @param boundTo what it belongs to, part by part: it opens with exactly these parts only
 */
export function sealBytes(keys: SealingKeys, plaintext: Secret, boundTo: readonly string[]): Buffer {
  const [current] = keys;
  if (current === undefined) throw new TypeError('sealing needs a key');
  const header = Buffer.concat([Buffer.of(VERSION), current.id, randomBytes(IV_BYTES)]);
  const cipher = createCipheriv('aes-256-gcm', current.key, header.subarray(1 + KEY_ID_BYTES));
  cipher.setAAD(authenticated(header, boundTo));
  const body = Buffer.concat([cipher.update(plaintext.reveal()), cipher.final()]);
  return Buffer.concat([header, body, cipher.getAuthTag()]);
}

/**
 * Opens what {@link sealBytes} made.
 *
 * @throws LatchkeyError `sealing/key` when it is sealed under a key that is not given; `sealing/damaged` when it is no
 * sealed text of a known version, was changed, or belongs to something else
 */
export function openBytes(keys: SealingKeys, sealed: Buffer, boundTo: readonly string[]): Secret {
  if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== VERSION) {
    throw new LatchkeyError('sealing/damaged', 'the text is not sealed in a version known here', {
      hint: 'a newer version may have written it',
    });
  }
  const header = sealed.subarray(0, HEADER_BYTES);
  const id = header.subarray(1, 1 + KEY_ID_BYTES);
  const entry = keys.find((candidate) => candidate.id.equals(id));
  if (entry === undefined) {
    const what = `the text is sealed under the server key ${id.toString('hex')}, which is not given`;
    throw new LatchkeyError('sealing/key', what, {
      hint: 'give that key too: all keys open, the first one seals',
    });
  }
  try {
    const decipher = createDecipheriv('aes-256-gcm', entry.key, header.subarray(1 + KEY_ID_BYTES));
    decipher.setAAD(authenticated(header, boundTo));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const body = sealed.subarray(HEADER_BYTES, -TAG_BYTES);
    return new Secret(Buffer.concat([decipher.update(body), decipher.final()]));
  } catch (cause) {
    throw new LatchkeyError('sealing/damaged', 'the sealed text does not open for what it belongs to', {
      cause,
      hint: 'it was damaged, renamed or copied from elsewhere; restore it from a backup',
    });
  }
}

/** {@link sealBytes} as one printable word: `latchkey-sealed:v1:` and base64url. */
export function sealText(keys: SealingKeys, plaintext: Secret, boundTo: readonly string[]): string {
  return TEXT_PREFIX + sealBytes(keys, plaintext, boundTo).toString('base64url');
}

/** Opens what {@link sealText} made. @throws LatchkeyError as {@link openBytes} */
export function openText(keys: SealingKeys, sealed: string, boundTo: readonly string[]): Secret {
  const body = isSealedText(sealed) ? sealed.slice(TEXT_PREFIX.length) : '';
  return openBytes(keys, Buffer.from(body, 'base64url'), boundTo);
}

/** True for texts that {@link sealText} could have made; anything else was never sealed. */
export function isSealedText(text: string): boolean {
  return text.startsWith(TEXT_PREFIX);
}

/** Each part with its length, so that no two bindings have the same bytes. */
function authenticated(header: Uint8Array, boundTo: readonly string[]): Buffer {
  const parts = [header, ...boundTo.map((part) => Buffer.from(part))];
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}
