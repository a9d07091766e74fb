import type { ServerPolicy } from '../myproxy/index.ts';
import type { EnvelopeKeySource } from '../repository/index.ts';

/** Everything a server is started with; paths are absolute. `loadSettings` makes it from a file, `defaultSettings` from nothing. */
export interface ServerSettings {
  /** The file this came from, to be read again on reload; absent = no reload of the rules. */
  readonly source?: string | undefined;
  /** Files that `source` names and that were read with it. */
  readonly alsoRead?: readonly string[] | undefined;
  /** Doubtful things in the configuration, one line each, for the log. */
  readonly findings?: readonly string[] | undefined;
  /** Shown in log lines: `myproxy-server`, `latchkey`. */
  readonly ident: string;
  readonly listen: ListenSettings;
  readonly credential: ServerCredentialSettings;
  /** Trust directory that client chains and stored chains are validated against; absent = the usual search. */
  readonly trustDirectory?: string | undefined;
  /** Who may speak for which virtual organization; absent = `X509_VOMS_DIR`, else `/etc/grid-security/vomsdir`, where there is one. */
  readonly vomsDirectory?: string | undefined;
  /** Storage directory: exists, 0700, own. */
  readonly storage: string;
  readonly policy: ServerPolicy;
  /** `cert_dir`: directory whose files clients get as trust roots. */
  readonly trustRoots?: string | undefined;
  readonly limits: LimitSettings;
  readonly sealing: SealingSettings;
  /** Append-only JSON lines; absent = no audit file. */
  readonly auditFile?: string | undefined;
  readonly log: LogSettings;
}

/** Where to listen. */
export interface ListenSettings {
  /** Host name or address; absent = every address. */
  readonly host?: string | undefined;
  /** 0 = the kernel chooses. */
  readonly port: number;
  /** Lowest and highest TLS version. C clients of some releases cannot read Node's TLS 1.3 tickets: highest is 1.2 by default. */
  readonly minTls: 'TLSv1.2' | 'TLSv1.3';
  readonly maxTls: 'TLSv1.2' | 'TLSv1.3';
}

/** The server's own certificate. Both absent = the search of the C server. */
export interface ServerCredentialSettings {
  readonly certificate?: string | undefined;
  /** Absent = the key is in the certificate's file, as in a proxy. */
  readonly key?: string | undefined;
}

/** Bounds that keep one client from hurting the others. */
interface LimitSettings {
  /** Seconds a connection may last; 0 = for ever. */
  readonly requestTimeoutSeconds: number;
  /** Bytes of one message; 0 = no limit. */
  readonly requestSizeBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

/** How keys are kept. */
interface SealingSettings {
  /** Seconds a successful unlock is remembered in memory; 0 = not at all. */
  readonly rememberSeconds: number;
  /** Write keys that come with an old seal anew after their next successful use. */
  readonly resealOldKeys: boolean;
  /**
   * Server keys for a second envelope around what is stored, which the C server cannot read: the first seals, all
   * open. Absent = no envelope.
   */
  readonly serverKeys?: readonly EnvelopeKeySource[] | undefined;
}

/** The running log. */
export interface LogSettings {
  /** Absent = standard error. */
  readonly file?: string | undefined;
  readonly format: 'text' | 'json';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
}

/** The default of everything that has one. */
export const DEFAULTS = {
  port: 7512,
  requestTimeoutSeconds: 120,
  requestSizeBytes: 1 << 20,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 5_000,
  rememberSeconds: 300,
} as const;
