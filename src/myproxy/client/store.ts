import type { Secret } from '../../kit/index.ts';
import type { CredentialPolicies } from '../../repository/index.ts';
import type { CredentialSelector, OperationOptions } from './client-options.ts';
import type { ServerPeer } from './server-peer.ts';

/** What is said about a credential when it is stored. */
export interface StoredCredentialOptions extends OperationOptions, CredentialSelector {
  readonly description?: string | undefined;
  /** Seconds that proxies delegated from it may live; default the client's `proxyCertMaxLifetime`; 0 = no limit of its own. */
  readonly lifetime?: number | undefined;
  /** Who may retrieve or renew it; each one expression in the server's language. */
  readonly policies?: CredentialPolicies | undefined;
  /** False: refuse when there is one already under this name. Default true. */
  readonly force?: boolean | undefined;
}

/** What `store` uploads. The key goes as it is in its file: encrypted as a rule, and the server never sees its pass phrase. */
export interface StoreOptions extends StoredCredentialOptions {
  /** PEM file with the certificate (and its chain). Default: the user's own. */
  readonly certFile?: string | undefined;
  /** PEM file with the key. Default: the user's own, or the same file. */
  readonly keyFile?: string | undefined;
  /** PEM text instead of files: certificate, key, chain. */
  readonly pem?: Secret | undefined;
}

/** Where it is now. */
export interface StoreResult {
  readonly server: ServerPeer;
}
