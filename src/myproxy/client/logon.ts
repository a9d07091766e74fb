import type { KeyObject } from 'node:crypto';
import type { Certificate, Credential, KeyAlgorithm, KeyPair } from '../../x509/index.ts';
import type { CredentialSelector, OperationOptions } from './client-options.ts';
import type { OwnIdentity } from './own-identity.ts';
import type { SecretSource } from './secret-source.ts';
import type { ServerPeer } from './server-peer.ts';
import type { TrustRootsResult } from './trust-roots.ts';

/** What `logon` asks for. */
export interface LogonOptions extends OperationOptions, CredentialSelector {
  /** Default: none, for renewal and for trusted retrievers. */
  readonly passphrase?: SecretSource | undefined;
  /** Seconds; default the client's `proxyCertLifetime`; 0 = as long as the server allows. */
  readonly lifetime?: number | undefined;
  /** Renew with this credential: it answers the server's challenge, by the name it stands for (`myproxy-logon -a`). */
  readonly renew?: OwnIdentity | undefined;
  /** A key pair to use instead of a new one. */
  readonly keyPair?: KeyPair | undefined;
  /** Kind of the new key; default RSA with `MYPROXY_KEYBITS`, else 2048 bits. */
  readonly keyAlgorithm?: KeyAlgorithm | undefined;
  /** Short for `keyAlgorithm: { type: 'rsa', bits }`. */
  readonly nBitsForKey?: number | undefined;
  /** Ask the server for its trust roots too and install them in the trust directory. Default false. */
  readonly updateTrustRoots?: boolean | undefined;
  /** Trust on first use: take the server's authority from an unverified connection first. Implies `updateTrustRoots`. Default false. */
  readonly bootstrap?: boolean | undefined;
  /** VOMS: names of virtual organisations the server shall add attributes of. */
  readonly voNames?: readonly string[] | undefined;
  readonly vomses?: readonly string[] | undefined;
}

/** `logon` with a PKCS#10 request of the caller (PEM, or DER bytes): the key stays where it is. */
export interface LogonWithRequestOptions
  extends Omit<LogonOptions, 'keyPair' | 'keyAlgorithm' | 'nBitsForKey'> {
  readonly certReq: string | Uint8Array;
}

/** What was delegated. */
export interface Delegation {
  /** The new certificate first, then those that lead to its end entity or further. */
  readonly chain: readonly Certificate[];
  /** When the first certificate of the chain expires. */
  readonly expires: Date;
  readonly server: ServerPeer;
  /** Present when trust roots were asked for. */
  readonly trustRoots?: TrustRootsResult;
}

/** What was delegated, with the key that was made for it. */
export interface LogonResult extends Delegation {
  readonly credential: Credential;
  readonly privateKey: KeyObject;
}
