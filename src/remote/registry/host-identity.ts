import { createPrivateKey, hkdfSync, type KeyObject } from 'node:crypto';
import { loadOrMakeServerKey, Secret } from '../../kit/index.ts';

/** Who a host is to registries: the key it signs its entries with, and the token that its entries are changed by. */
export interface HostIdentity {
  /** ed25519. */
  readonly privateKey: KeyObject;
  /** Made of the same secret, so that the names are still this host's after a restart. */
  readonly owner: Secret;
}

/** PKCS#8 of an ed25519 key, up to its 32 bytes (RFC 8410 §7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The identity kept in a file, which is made where there is none (0400).
 *
 * @throws LatchkeyError `sealing/key`, `file/unsafe`, `file/io`
 */
export async function loadHostIdentity(file: string): Promise<HostIdentity> {
  const seed = (await loadOrMakeServerKey(file)).reveal();
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const owner = Buffer.from(hkdfSync('sha256', seed, '', 'latchkey registry owner', 32));
  return { privateKey, owner: new Secret(owner.toString('base64url')) };
}
