import type { Certificate, ProxyRights } from '../../x509/index.ts';
import type { OwnIdentity } from './own-identity.ts';
import type { SecretSource } from './secret-source.ts';
import type { ServerPeer } from './server-peer.ts';
import type { StoredCredentialOptions } from './store.ts';

/** What `put` delegates to the server. */
export interface PutOptions extends StoredCredentialOptions {
  /** Protects the delegated key on the server; at least 6 characters. Absent or empty: stored without (for renewal). */
  readonly passphrase?: SecretSource | undefined;
  /** What to delegate from; default the user's certificate, else the proxy in use. Also the identity, unless one is given. */
  readonly credential?: Exclude<OwnIdentity, 'anonymous'> | undefined;
  /** Seconds that the delegated credential lives; default 604 800 (a week); 0 = as long as its issuer. */
  readonly credentialLifetime?: number | undefined;
  /** Rights of the delegated proxy; default: those the server asks for (impersonation). */
  readonly rights?: ProxyRights | undefined;
}

/** What the server holds now. */
export interface PutResult {
  readonly chain: readonly Certificate[];
  readonly expires: Date;
  readonly server: ServerPeer;
}
