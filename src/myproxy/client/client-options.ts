import type { Clock } from '../../kit/index.ts';
import type { TrustStore } from '../../x509/index.ts';
import type { NoticeListener } from './notice.ts';
import type { OwnIdentity } from './own-identity.ts';
import type { SecretSource } from './secret-source.ts';

/** How a {@link MyProxyClient} is set up. What is absent comes from `configFile`, then from the environment, then from the defaults. */
export interface MyProxyClientOptions {
  /** `host[:port][,host[:port]…]`, tried in order; IPv6 addresses in brackets. Default `MYPROXY_SERVER`. */
  readonly hostname?: string | undefined;
  /** Port of servers given without one. Default `MYPROXY_SERVER_PORT`, else 7512. */
  readonly port?: number | undefined;
  /** The one-line name the server must have, instead of a name that fits its host. Default `MYPROXY_SERVER_DN`. */
  readonly serverDN?: string | undefined;
  /** Trust directory. Default: see {@link locateTrustDirectory}. */
  readonly caCertDir?: string | undefined;
  /** Trust from memory, instead of a directory. */
  readonly trust?: TrustStore | undefined;
  /** Seconds asked for by `logon`; default 43 200 (12 h). */
  readonly proxyCertLifetime?: number | undefined;
  /** Seconds that `put` and `store` allow for later delegations; default 43 200 (12 h). */
  readonly proxyCertMaxLifetime?: number | undefined;
  /** An INI file with any of the settings above, as the Python client reads it. Read by the constructor. */
  readonly configFile?: string | undefined;
  /** Whom to be on the connection. Default: what {@link MyProxyClient.locateClientCredentials} finds. */
  readonly identity?: OwnIdentity | undefined;
  /** Opens the key of the identity that was found, if it is encrypted. */
  readonly keyPassphrase?: SecretSource | undefined;
  readonly timeouts?: ClientTimeouts | undefined;
  readonly onNotice?: NoticeListener | undefined;
  /** Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly clock?: Clock | undefined;
  /** Ends every operation of this client. */
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds; each wait of an operation has one of these limits. Time a person takes to type a pass phrase is not counted. */
export interface ClientTimeouts {
  /** TCP connection to one address. Default `MYPROXY_SOCKET_TIMEOUT` seconds, else 10 000. */
  readonly connect?: number | undefined;
  /** TLS handshake. Default 30 000. */
  readonly handshake?: number | undefined;
  /** Each answer of the server. Default 120 000, the C server's own limit for a connection. */
  readonly reply?: number | undefined;
}

/** Options of every operation. */
export interface OperationOptions {
  /** Whom to be for this operation only. */
  readonly identity?: OwnIdentity | undefined;
  readonly keyPassphrase?: SecretSource | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onNotice?: NoticeListener | undefined;
}

/** Which stored credential is meant. */
export interface CredentialSelector {
  readonly username: string;
  /** Name of the credential; default the user's unnamed one. */
  readonly credname?: string | undefined;
}
