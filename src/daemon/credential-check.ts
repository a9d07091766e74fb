import { memoryTrustStore } from '../x509/index.ts';
import { loadServerCredential, locateServerCredential } from './server-credential.ts';
import type { ServerSettings } from './settings.ts';

/** The certificate that a server with certain settings would show. */
export interface CheckedServerCredential {
  /** Path of the certificate's file. */
  readonly certificate: string;
  /** One-line subject. */
  readonly dn: string;
  readonly expires: Date;
}

/**
 * Looks for the server's own certificate and key, and at them, exactly as a server does when it starts.
 *
 * @throws LatchkeyError what would keep the server from starting; `x509/credential-missing` when none was found
 */
export async function checkServerCredential(
  settings: Pick<ServerSettings, 'credential' | 'listen'>,
  now: Date,
): Promise<CheckedServerCredential> {
  const files = await locateServerCredential(settings.credential);
  const noTrust = memoryTrustStore({ authorities: [] });
  const { dn, expires } = await loadServerCredential(files, noTrust, settings.listen, now);
  return { certificate: files.certificate, dn, expires };
}
