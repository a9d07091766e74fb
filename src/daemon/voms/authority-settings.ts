import type { ListenSettings, LogSettings, ServerCredentialSettings } from '../settings.ts';

/** What an attribute authority is started with; paths are absolute. */
export interface AuthoritySettings {
  /** Membership file (TOML). */
  readonly membership: string;
  readonly listen: ListenSettings;
  /**
   * How the authority calls itself in what it issues, and its LSC file is named; absent = the first host name of its
   * certificate.
   */
  readonly host?: string | undefined;
  readonly credential: ServerCredentialSettings;
  /** Absent = the usual search. */
  readonly trustDirectory?: string | undefined;
  readonly log: LogSettings;
  /** Append-only JSON lines; absent = no audit file. */
  readonly auditFile?: string | undefined;
  readonly limits: AuthorityLimits;
}

/** Bounds that keep one client from hurting the others. */
interface AuthorityLimits {
  /** Seconds a connection may last. */
  readonly requestTimeoutSeconds: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

/** The default of everything that has one. VOMS servers listen on 15000 and up, one port an organisation. */
export const AUTHORITY_DEFAULTS = {
  port: 15_000,
  limits: { requestTimeoutSeconds: 60, maxConnections: 1_000, maxConnectionsPerAddress: 100 },
} as const;
