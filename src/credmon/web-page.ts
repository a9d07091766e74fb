/** How the web page of a monitor is served. Paths are absolute. */
export interface WebPageSettings {
  readonly listen: WebListen;
  /** PEM files; absent = plain HTTP, which only loopback addresses and sockets may speak. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** A proxy in front adds `X-Forwarded-For`; its last entry is then the address that limits count by. */
  readonly behindProxy: boolean;
  /** A login is stored only with a code of `latchkey web code`. */
  readonly demandsLocalProof: boolean;
  /** Local users who see everything. */
  readonly operators: readonly string[];
  /** Where `latchkey web code` puts its proofs. Undefined = nobody can sign in. */
  readonly signInDirectory?: string | undefined;
  /** Storage directory of a MyProxy server of this machine, whose credentials are shown too. */
  readonly myproxyStorage?: string | undefined;
}

/** Where the page listens. */
export type WebListen =
  /** `port` 0 = the kernel chooses. */
  | { readonly host: string; readonly port: number }
  /** Unix socket for a proxy on this machine, 0660. */
  | { readonly socket: string };

/** What holds when nothing else is said. */
export const WEB_PAGE_DEFAULTS = {
  signInDirectory: '/run/latchkey/sign-in',
  operators: ['root'],
} as const;

/** Reads `127.0.0.1:8443`, `[::1]:8443`, `*:8443` or `unix:/run/latchkey/web.sock`; undefined for anything else. */
export function parseWebListen(text: string): WebListen | undefined {
  if (text.startsWith('unix:/')) return { socket: text.slice('unix:'.length) };
  const [, address = '', digits = ''] = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+|\*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (address === '' || port > 65_535) return undefined;
  return { host: address === '*' ? '::' : address.replace(/^\[|\]$/g, ''), port };
}
