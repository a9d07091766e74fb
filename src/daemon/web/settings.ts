/** How the web page of a credential monitor is served. Paths are absolute. */
export interface WebSettings {
  /** Where browsers reach it: origin and path, no trailing slash (`CREDMON_WEB_PREFIX`). */
  readonly prefix: string;
  readonly listen: WebListen;
  /** PEM files; absent = plain HTTP, which is for loopback addresses and sockets behind a proxy only. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** A proxy in front adds `X-Forwarded-For`; its last entry is then the address that limits count by. */
  readonly behindProxy: boolean;
  /** A login is stored only with a code of `latchkey web code`. */
  readonly demandsLocalProof: boolean;
  /** Local users who see everything. */
  readonly operators: readonly string[];
  /** Where `latchkey web code` puts its proofs; made 1733 when absent. Undefined = nobody can sign in. */
  readonly signInDirectory?: string | undefined;
  /** Which account belongs to which local user; absent = remembered until the process ends. */
  readonly accountsFile?: string | undefined;
  /** Unix socket (0600) on which the API answers without sign-in, for the operator's own programs. */
  readonly operatorSocket?: string | undefined;
}

/** Where the page listens. */
export type WebListen =
  /** `port` 0 = the kernel chooses. */
  | { readonly host: string; readonly port: number }
  /** Unix socket for a proxy on this machine, 0660. */
  | { readonly socket: string };

/** Where proofs of `latchkey web code` go unless something else is configured. */
export const SIGN_IN_DIRECTORY = '/run/latchkey/sign-in';
