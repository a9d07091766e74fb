import type { MuxEndpoint, MuxForward } from '../mux/codec.ts';

/** One end: a TCP port of an address (default `127.0.0.1`), or a Unix socket by its absolute path. */
export type ForwardEnd =
  | { readonly host?: string | undefined; readonly port: number }
  | { readonly socketPath: string };

/**
 * A forward. `local`: listens here, connects there. `remote`: listens there, connects here. `dynamic`: a SOCKS proxy here
 * whose connections are made there. Port 0 to listen on = any free one.
 */
export type ForwardSpec =
  | { readonly kind: 'local' | 'remote'; readonly listen: ForwardEnd; readonly connect: ForwardEnd }
  | { readonly kind: 'dynamic'; readonly listen: ForwardEnd };

/** For people: `local 127.0.0.1:4022 → db:5432`. */
export function describeForward(spec: ForwardSpec): string {
  const way = spec.kind === 'dynamic' ? 'SOCKS' : describeEnd(spec.connect);
  return `${spec.kind} ${describeEnd(spec.listen)} → ${way}`;
}

export function describeEnd(end: ForwardEnd): string {
  if ('socketPath' in end) return end.socketPath;
  const host = end.host ?? LOOPBACK;
  return `${host.includes(':') ? `[${host}]` : host}:${end.port}`;
}

/** What the master is asked for. An address is always named: without one, ssh counts half a success as success. */
export function muxForward(spec: ForwardSpec): MuxForward {
  const listen = muxEnd(spec.listen);
  return spec.kind === 'dynamic'
    ? { kind: 'dynamic', listen }
    : { kind: spec.kind, listen, connect: muxEnd(spec.connect) };
}

/** @throws TypeError */
export function checkForward(spec: ForwardSpec): void {
  checkEnd(spec.listen, 0);
  if (spec.kind === 'dynamic') {
    if ('socketPath' in spec.listen) throw new TypeError('a dynamic forward listens on a port');
  } else checkEnd(spec.connect, 1);
}

const LOOPBACK = '127.0.0.1';
/** `sun_path` has 108 bytes with the NUL. */
const MAX_SOCKET_PATH_BYTES = 107;

function checkEnd(end: ForwardEnd, lowestPort: number): void {
  if ('socketPath' in end) {
    const bytes = Buffer.byteLength(end.socketPath);
    if (!end.socketPath.startsWith('/') || /[\0\r\n]/.test(end.socketPath) || bytes > MAX_SOCKET_PATH_BYTES) {
      throw new TypeError(`a socket needs an absolute path of at most ${MAX_SOCKET_PATH_BYTES} bytes`);
    }
    return;
  }
  if (!Number.isInteger(end.port) || end.port < lowestPort || end.port > 65535) {
    throw new TypeError(`a port is ${lowestPort} to 65535, not ${end.port}`);
  }
  if (end.host !== undefined && !/^[A-Za-z0-9_.:%-]{1,255}$/.test(end.host)) {
    throw new TypeError(`${JSON.stringify(end.host)} is no address`);
  }
}

function muxEnd(end: ForwardEnd): MuxEndpoint {
  return 'socketPath' in end ? end : { host: end.host ?? LOOPBACK, port: end.port };
}
