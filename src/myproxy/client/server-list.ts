import { isIPv6 } from 'node:net';
import { LatchkeyError, quote } from '../../kit/index.ts';

/** One server to try. */
export interface ServerAddress {
  /** Host name or address, without brackets. */
  readonly host: string;
  readonly port: number;
}

const MAX_SERVERS = 64;

/**
 * Reads `host[:port][,host[:port]…]`. IPv6 addresses stand in brackets; one without a port may stand bare.
 *
 * @throws LatchkeyError `config/invalid`
 */
export function parseServerList(text: string, defaultPort: number): readonly ServerAddress[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) throw invalid(text, 'it names no server');
  if (parts.length > MAX_SERVERS) throw invalid(text, `it names more than ${MAX_SERVERS} servers`);
  return parts.map((part) => parseServer(part, defaultPort));
}

/** `host:port` for messages, with brackets where they are needed. */
export function formatServer({ host, port }: ServerAddress): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function parseServer(text: string, defaultPort: number): ServerAddress {
  if (isIPv6(text)) return { host: text, port: defaultPort };
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s/]+))(?::(.*))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || host.length > 255)
    throw invalid(text, 'expected host, host:port or [IPv6 address]:port');
  if (match?.[1] !== undefined && !isIPv6(host))
    throw invalid(text, 'what is in brackets is not an IPv6 address');
  return {
    host,
    port: match?.[3] === undefined ? defaultPort : parsePort(match[3], `server ${quote(text)}`),
  };
}

/** A TCP port in decimal. `where` begins the message when it is none. */
export function parsePort(text: string, where: string): number {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  if (port < 1 || port > 65535) {
    throw new LatchkeyError(
      'config/invalid',
      `${where}: expected a port from 1 to 65535, got ${quote(text)}`,
    );
  }
  return port;
}

function invalid(text: string, reason: string): LatchkeyError {
  return new LatchkeyError('config/invalid', `cannot use ${quote(text)} as a MyProxy server: ${reason}`, {
    hint: 'write host, host:port or [IPv6 address]:port; several with commas between',
  });
}
