import { formatPem, parsePem } from '../asn1/index.ts';
import { openBytes, Secret, sealBytes, sealingKeys } from '../kit/index.ts';
import type { CredentialRecord } from './credential.ts';
import { asEnvelopeError } from './envelope-key.ts';

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

/**
 * Envelopes with AES-256-GCM, sealed as `kit/sealing.ts` says and bound to user name, credential name and owner.
 * The C server cannot read such credentials.
 *
 * @param keys 32 bytes each: the first seals, all open, so that a key can be changed step by step
 */
export function createEnvelope(keys: readonly [Secret, ...Secret[]]): Envelope {
  const ring = translated(() => sealingKeys(keys));
  return {
    seal: (pem, bound) => new Secret(formatPem(ENVELOPE_LABEL, sealBytes(ring, pem, partsOf(bound)))),
    open(stored, bound) {
      const block = parsePem(stored.revealText()).find(({ label }) => label === ENVELOPE_LABEL);
      const sealed = Buffer.from(block?.der ?? []);
      return translated(() => openBytes(ring, sealed, partsOf(bound)));
    },
  };
}

/** True when the text is an envelope and not certificates and a key. */
export function isEnveloped(stored: Secret): boolean {
  return stored.reveal().includes(`-----BEGIN ${ENVELOPE_LABEL}-----`);
}

function partsOf({ username, name, owner }: EnvelopeBinding): readonly string[] {
  return [username, name === undefined ? '' : `=${name}`, owner];
}

function translated<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw asEnvelopeError(error);
  }
}
