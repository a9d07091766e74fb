import { formatPyroUri, parseObjectUri } from '../../pyro/index.ts';

/** What a name server tells of something registered. */
export interface Registered {
  readonly uri: string;
  readonly tags?: readonly string[];
}

/** Where it really listens. */
export interface TrueAddress {
  /** As its own machine has it. */
  readonly uri: string;
  /** Its machine, by the tag `host:…`; absent when there is none, or when it names a loopback: every machine has one. */
  readonly host: string | undefined;
}

/**
 * Where a registered object listens on its own machine. With NAT settings (`nathost:`, `natport:`) the URI names the near end of a tunnel that
 * somebody was to build, and the tags `host:` and `port:` tell the truth.
 *
 * @throws LatchkeyError `pyro/uri`
 */
export function trueAddress({ uri, tags = [] }: Registered): TrueAddress {
  const tagged = (name: string) => {
    const value = tags.find((tag) => tag.startsWith(`${name}:`))?.slice(name.length + 1);
    // MuPIF writes what it has not as text.
    return value === undefined || value === '' || value === 'None' ? undefined : value;
  };
  const host = tagged('host');
  const parsed = parseObjectUri(uri);
  const { location } = parsed;
  const port = Number(tagged('port'));
  const isBehindNat =
    'host' in location &&
    host !== undefined &&
    location.host === tagged('nathost') &&
    String(location.port) === tagged('natport') &&
    Number.isInteger(port) &&
    port > 0 &&
    port <= 65_535;
  return {
    uri: isBehindNat ? formatPyroUri({ ...parsed, location: { host, port } }) : uri,
    host: host !== undefined && isLoopback(host) ? undefined : host,
  };
}

function isLoopback(host: string): boolean {
  return /^(127\.|::1$|localhost$|0\.0\.0\.0$|::$)/.test(host);
}
