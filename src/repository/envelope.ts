import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { formatPem, parsePem } from '../asn1/index.ts';
import { LatchkeyError, Secret } from '../kit/index.ts';
import type { CredentialRecord } from './credential.ts';

/** What a sealed text belongs to: it opens for this user, name and owner only. */
export type EnvelopeBinding = Pick<CredentialRecord, 'username' | 'name' | 'owner'>;

/** A second envelope around what is stored, under a key of the server's. */
export interface Envelope {
  /** The text to keep instead of `pem`. */
  seal(pem: Secret, bound: EnvelopeBinding): Secret | Promise<Secret>;
  /** @throws LatchkeyError `repository/envelope` when the key is another, or the text belongs to another credential */
  open(stored: Secret, bound: EnvelopeBinding): Secret | Promise<Secret>;
}

/** Label of the PEM block that a `.creds` file holds instead of certificates and key. */
export const ENVELOPE_LABEL = 'LATCHKEY SEALED CREDENTIAL';

const VERSION = 1;
const KEY_ID_BYTES = 8;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + IV_BYTES;

/**
 * Envelopes with AES-256-GCM. The block holds: version 1, key id (first 8 bytes of SHA-256 of the key's SHA-256),
 * 12 random bytes of IV, ciphertext, 16 bytes of tag; header, user name, credential name and owner are authenticated.
 * The C server cannot read such credentials.
 *
 * @param keys 32 bytes each: the first seals, all open, so that a key can be changed step by step
 */
export function createEnvelope(keys: readonly [Secret, ...Secret[]]): Envelope {
  const ring = keys.map(keyOf);
  const [current] = ring;
  return {
    seal(pem, bound) {
      if (current === undefined) throw new TypeError('an envelope needs a key');
      const header = Buffer.concat([Buffer.of(VERSION), current.id, randomBytes(IV_BYTES)]);
      const cipher = createCipheriv('aes-256-gcm', current.key, header.subarray(1 + KEY_ID_BYTES));
      cipher.setAAD(authenticated(header, bound));
      const body = Buffer.concat([cipher.update(pem.reveal()), cipher.final()]);
      return new Secret(formatPem(ENVELOPE_LABEL, Buffer.concat([header, body, cipher.getAuthTag()])));
    },
    open(stored, bound) {
      const block = parsePem(stored.revealText()).find(({ label }) => label === ENVELOPE_LABEL);
      if (block === undefined || block.der.length < HEADER_BYTES + TAG_BYTES || block.der[0] !== VERSION) {
        throw failed('is not an envelope of a known version', 'a newer version may have written it');
      }
      const header = block.der.subarray(0, HEADER_BYTES);
      const id = header.subarray(1, 1 + KEY_ID_BYTES);
      const entry = ring.find((candidate) => candidate.id.equals(id));
      if (entry === undefined) {
        throw failed(
          `is sealed under the server key ${id.toString('hex')}, which is not given`,
          'give that key too: all keys open, the first one seals',
        );
      }
      try {
        const decipher = createDecipheriv('aes-256-gcm', entry.key, header.subarray(1 + KEY_ID_BYTES));
        decipher.setAAD(authenticated(header, bound));
        decipher.setAuthTag(block.der.subarray(-TAG_BYTES));
        const body = block.der.subarray(HEADER_BYTES, -TAG_BYTES);
        return new Secret(Buffer.concat([decipher.update(body), decipher.final()]));
      } catch (cause) {
        throw failed(
          'does not open for its user, name and owner',
          'it was damaged, or its files were renamed or changed by hand; restore both from a backup',
          cause,
        );
      }
    },
  };
}

/** True when the text is an envelope and not certificates and a key. */
export function isEnveloped(stored: Secret): boolean {
  return stored.reveal().includes(`-----BEGIN ${ENVELOPE_LABEL}-----`);
}

function keyOf(secret: Secret): { id: Buffer; key: KeyObject } {
  if (secret.length !== 32) {
    throw new LatchkeyError(
      'repository/envelope',
      `a server key has 32 bytes, this one has ${secret.length}`,
      {
        hint: 'make one with: openssl rand 32',
      },
    );
  }
  const digest = (data: Uint8Array) => createHash('sha256').update(data).digest();
  return {
    id: digest(digest(secret.reveal())).subarray(0, KEY_ID_BYTES),
    key: createSecretKey(secret.reveal()),
  };
}

/** Each part with its length, so that no two bindings have the same bytes. */
function authenticated(header: Uint8Array, { username, name, owner }: EnvelopeBinding): Buffer {
  const parts = [header, username, name === undefined ? '' : `=${name}`, owner].map((part) =>
    Buffer.from(part as string),
  );
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

function failed(what: string, hint: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('repository/envelope', `a stored credential ${what}`, {
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
