import type { KeyObject } from 'node:crypto';
import { formatPem } from '../asn1/index.ts';
import type { Secret } from '../kit/index.ts';
import { encryptPbes2 } from './pbes2.ts';

/**
 * Seals a private key: PEM `ENCRYPTED PRIVATE KEY`, PBES2 with scrypt and AES-256-CBC, which OpenSSL and the C MyProxy
 * tools open. Costs 16 MiB and tens of milliseconds on Node's thread pool.
 */
export async function sealPrivateKey(key: KeyObject, passPhrase: Secret): Promise<string> {
  const privateKeyInfo = key.export({ type: 'pkcs8', format: 'der' });
  const sealed = await encryptPbes2(privateKeyInfo, passPhrase);
  privateKeyInfo.fill(0);
  return formatPem('ENCRYPTED PRIVATE KEY', sealed);
}
