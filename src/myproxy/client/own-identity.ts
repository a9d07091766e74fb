import type { Credential } from '../../x509/index.ts';
import type { SecretSource } from './secret-source.ts';

/** A credential in files, both PEM. */
export interface CredentialFiles {
  /** Certificate, and for a proxy file also key and chain. */
  readonly certFile: string;
  /** Default: the same file. */
  readonly keyFile?: string | undefined;
  /** Opens an encrypted key. */
  readonly keyPassphrase?: SecretSource | undefined;
}

/** Whom to be on the TLS connection: a credential, files with one, or nobody. */
export type OwnIdentity = Credential | CredentialFiles | 'anonymous';
