import { LatchkeyError, quote } from '../kit/index.ts';
import type { PyroVersion } from './serializer.ts';
import { isPyroDict, type PyroInput, type PyroValue, tuple } from './value.ts';

/** Where a daemon listens. */
export type PyroLocation =
  | { readonly host: string; readonly port: number }
  /** A Unix socket of this machine. */
  | { readonly path: string };

/** An object of a daemon: `PYRO:object@host:port`, `PYRO:object@./u:path`. */
export interface ObjectUri {
  readonly protocol: 'PYRO';
  readonly object: string;
  readonly location: PyroLocation;
}

/** A name to be looked up: `PYRONAME:name`, `PYRONAME:name@nameserver:port`. */
export interface NameUri {
  readonly protocol: 'PYRONAME';
  readonly object: string;
  /** The name server; without one it is to be found. */
  readonly location?: PyroLocation;
}

/** Any object that has all these tags: `PYROMETA:tag,tag`. */
export interface TagsUri {
  readonly protocol: 'PYROMETA';
  readonly tags: readonly string[];
  readonly location?: PyroLocation;
}

export type PyroUri = ObjectUri | NameUri | TagsUri;

/** Where name servers listen, when nothing else is said. */
export const NAME_SERVER_PORT = 9090;

const MAX_URI_LENGTH = 4096;

/**
 * @throws LatchkeyError `pyro/uri`
 */
export function parsePyroUri(text: string): PyroUri {
  const match = text.length <= MAX_URI_LENGTH ? /^(pyro[a-z]*):([^\s@]+)(?:@(.+))?$/i.exec(text) : null;
  if (match === null) throw badUri(text, 'expected PYRO:object@host:port');
  const [, scheme = '', object = '', location] = match;
  switch (scheme.toUpperCase()) {
    case 'PYRO':
      if (location === undefined) throw badUri(text, 'the location is missing');
      return { protocol: 'PYRO', object, location: parseLocation(text, location, undefined) };
    case 'PYRONAME':
      return { protocol: 'PYRONAME', object, ...nameServer(text, location) };
    case 'PYROMETA': {
      const tags = object
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== '');
      if (tags.length === 0) throw badUri(text, 'there are no tags');
      return { protocol: 'PYROMETA', tags, ...nameServer(text, location) };
    }
  }
  throw badUri(text, 'expected PYRO, PYRONAME or PYROMETA before the colon');
}

/**
 * A URI that names an object of a daemon and nothing else.
 *
 * @throws LatchkeyError `pyro/uri`
 */
export function parseObjectUri(text: string): ObjectUri {
  const uri = parsePyroUri(text);
  if (uri.protocol !== 'PYRO') throw badUri(text, 'expected PYRO:object@host:port, not a name to look up');
  return uri;
}

export function formatPyroUri(uri: PyroUri): string {
  const what = uri.protocol === 'PYROMETA' ? uri.tags.join(',') : uri.object;
  const where = uri.location === undefined ? '' : `@${formatLocation(uri.location)}`;
  return `${uri.protocol}:${what}${where}`;
}

/** `host:port`, `[::1]:port`, `./u:path`. */
export function formatLocation(location: PyroLocation): string {
  if ('path' in location) return `./u:${location.path}`;
  return location.host.includes(':')
    ? `[${location.host}]:${location.port}`
    : `${location.host}:${location.port}`;
}

/** The URI that a `Pyro4.core.URI` or `Pyro5.core.URI` dict stands for; undefined for other values. */
export function uriOfValue(value: PyroValue): PyroUri | undefined {
  if (!isPyroDict(value) || !Array.isArray(value.state)) return undefined;
  if (value.__class__ !== 'Pyro4.core.URI' && value.__class__ !== 'Pyro5.core.URI') return undefined;
  const [protocol, object, path, host, port] = value.state as readonly PyroValue[];
  const where =
    typeof path === 'string'
      ? `@./u:${path}`
      : typeof host === 'string' && typeof port === 'number'
        ? `@${formatLocation({ host, port })}`
        : '';
  const what =
    object instanceof Set ? [...object].join(',') : Array.isArray(object) ? object.join(',') : object;
  return parsePyroUri(`${String(protocol)}:${String(what)}${where}`);
}

/** A URI that is to arrive as Pyro's own class `URI`, in the version of whoever reads it; as a result of an exposed method, or an argument. */
export class PassedUri {
  readonly uri: PyroUri;
  constructor(uri: PyroUri) {
    this.uri = uri;
  }
}

/** The dict by which Pyro sends a URI. */
export function valueOfUri(uri: PyroUri, version: PyroVersion): PyroInput {
  const { location } = uri;
  const path = location !== undefined && 'path' in location ? location.path : null;
  const [host, port] =
    location !== undefined && 'host' in location ? [location.host, location.port] : [null, null];
  const object = uri.protocol === 'PYROMETA' ? new Set(uri.tags) : uri.object;
  return { __class__: `Pyro${version}.core.URI`, state: tuple(uri.protocol, object, path, host, port) };
}

function nameServer(text: string, location: string | undefined): { readonly location?: PyroLocation } {
  return location === undefined ? {} : { location: parseLocation(text, location, NAME_SERVER_PORT) };
}

function parseLocation(text: string, location: string, defaultPort: number | undefined): PyroLocation {
  if (location.startsWith('./u:')) {
    const path = location.slice(4);
    if (path === '' || path.includes(':'))
      throw badUri(text, 'the path of the socket is missing, or has a colon');
    return { path };
  }
  const match = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^\s:[\]@]+))(?::(\d{1,5}))?$/i.exec(location);
  if (match === null) throw badUri(text, 'expected host:port, [IPv6 address]:port or ./u:path after the @');
  const [, address, name, digits] = match;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (port === undefined || port < 1 || port > 65535)
    throw badUri(text, 'the port is missing, or not 1 to 65535');
  return { host: address ?? name ?? '', port };
}

function badUri(text: string, why: string): LatchkeyError {
  return new LatchkeyError('pyro/uri', `${quote(text)} is no Pyro URI: ${why}`, {
    hint: 'PYRO:object@host:port, PYRO:object@./u:path, PYRONAME:name or PYROMETA:tag,tag',
  });
}
