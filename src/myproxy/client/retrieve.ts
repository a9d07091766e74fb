import type { Secret } from '../../kit/index.ts';
import type { Certificate, Credential } from '../../x509/index.ts';
import type { CredentialSelector, OperationOptions } from './client-options.ts';
import type { OwnIdentity } from './own-identity.ts';
import type { SecretSource } from './secret-source.ts';
import type { ServerPeer } from './server-peer.ts';
import type { TrustRootsResult } from './trust-roots.ts';

/** Which stored key and certificate `retrieve` fetches. */
export interface RetrieveOptions extends OperationOptions, CredentialSelector {
  readonly passphrase?: SecretSource | undefined;
  /** Answers the server's challenge; see `LogonOptions.renew`. */
  readonly renew?: OwnIdentity | undefined;
  readonly updateTrustRoots?: boolean | undefined;
}

/** What came back. The key is still encrypted with the stored pass phrase, if it was. */
export interface RetrieveResult {
  /** As it came: certificate, key, chain. */
  readonly pem: Secret;
  readonly chain: readonly Certificate[];
  /** The PEM text of the chain and, apart, of the key. */
  readonly certificatesPem: string;
  readonly keyPem: Secret;
  /** Opens the key with the pass phrase that was used, or the one given. */
  open(passphrase?: Secret): Promise<Credential>;
  readonly server: ServerPeer;
  readonly trustRoots?: TrustRootsResult;
}
