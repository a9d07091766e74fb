import { LatchkeyError, quote } from '../../kit/index.ts';
import { parsePort } from './server-list.ts';

/** Every environment variable the client looks at, and what for. The C tools know them by the same names. */
export const ENVIRONMENT_VARIABLES = {
  MYPROXY_SERVER: 'servers: host[:port][,host[:port]…]',
  MYPROXY_SERVER_PORT: 'port of servers given without one; default 7512',
  MYPROXY_SERVER_DN: 'the one-line name the server must have',
  MYPROXY_SOCKET_TIMEOUT: 'seconds to wait for a TCP connection; default 10',
  MYPROXY_TCP_PORT_RANGE: 'min,max: ports to connect from',
  GLOBUS_TCP_PORT_RANGE: 'the same, where MYPROXY_TCP_PORT_RANGE is not set',
  MYPROXY_KEYBITS: 'size of new RSA keys; default 2048',
  LOGNAME: 'user name where none is given (tools only)',
  HOME: 'where .globus is',
  X509_USER_CERT: 'own certificate',
  X509_USER_KEY: 'own key',
  X509_USER_PROXY: 'own proxy, and where a new one is written',
  X509_CERT_DIR: 'trust directory, and where trust roots are installed',
  GLOBUS_LOCATION: 'where Globus is installed: share/certificates, etc/hostcert.pem',
  GLOBUS_GSSAPI_NAME_COMPATIBILITY:
    'STRICT_RFC2818 (default), HYBRID or GT2: how a server is matched with its host',
  GLOBUS_GSSAPI_MIN_TLS_PROTOCOL: 'TLS1_2_VERSION (default) or TLS1_3_VERSION',
  GLOBUS_GSSAPI_MAX_TLS_PROTOCOL: 'TLS1_2_VERSION or TLS1_3_VERSION (default)',
  GLOBUS_GSSAPI_CIPHERS: "OpenSSL cipher list for TLS 1.2; default Node's",
} as const;

/** How a server's certificate is matched with the host it was reached by. */
export type NameCompatibility = 'strict' | 'hybrid' | 'gt2';

type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** The client's settings as far as the environment tells. */
export interface ClientEnvironment {
  readonly servers?: string;
  readonly port?: number;
  readonly serverDN?: string;
  readonly connectTimeoutMs?: number;
  readonly portRange?: PortRange;
  readonly keyBits?: number;
  readonly nameCompatibility: NameCompatibility;
  readonly minTlsVersion: TlsVersion;
  readonly maxTlsVersion: TlsVersion;
  readonly ciphers?: string;
}

/** Local ports to connect from, both included. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

const NAME_COMPATIBILITIES: Readonly<Record<string, NameCompatibility>> = {
  STRICT_RFC2818: 'strict',
  HYBRID: 'hybrid',
  STRICT_GT2: 'gt2',
  GT2: 'gt2',
};

// Older versions are not offered, whatever the variable says: TLS 1.2 is the least that GCT itself ships with.
const TLS_VERSIONS: Readonly<Record<string, TlsVersion>> = {
  TLS1_VERSION_DEPRECATED: 'TLSv1.2',
  TLS1_1_VERSION_DEPRECATED: 'TLSv1.2',
  TLS1_2_VERSION: 'TLSv1.2',
  TLS1_3_VERSION: 'TLSv1.3',
};

/**
 * Reads the environment. An empty variable counts as unset.
 *
 * @throws LatchkeyError `config/invalid` with the variable's name
 */
export function readEnvironment(env: NodeJS.ProcessEnv): ClientEnvironment {
  const get = (name: keyof typeof ENVIRONMENT_VARIABLES) => env[name]?.trim() || undefined;
  const portRange = get('MYPROXY_TCP_PORT_RANGE') ?? get('GLOBUS_TCP_PORT_RANGE');
  const port = get('MYPROXY_SERVER_PORT');
  const timeout = get('MYPROXY_SOCKET_TIMEOUT');
  const keyBits = get('MYPROXY_KEYBITS');
  const lookUp = <Value>(
    name: keyof typeof ENVIRONMENT_VARIABLES,
    table: Readonly<Record<string, Value>>,
  ) => {
    const text = get(name);
    if (text === undefined) return undefined;
    const value = Object.hasOwn(table, text.toUpperCase()) ? table[text.toUpperCase()] : undefined;
    if (value === undefined) throw invalid(name, text, `one of ${Object.keys(table).join(', ')}`);
    return value;
  };
  const minTlsVersion = lookUp('GLOBUS_GSSAPI_MIN_TLS_PROTOCOL', TLS_VERSIONS) ?? 'TLSv1.2';
  const maxTlsVersion = lookUp('GLOBUS_GSSAPI_MAX_TLS_PROTOCOL', TLS_VERSIONS) ?? 'TLSv1.3';
  return compact({
    servers: get('MYPROXY_SERVER'),
    port: port === undefined ? undefined : parsePort(port, 'MYPROXY_SERVER_PORT'),
    serverDN: get('MYPROXY_SERVER_DN'),
    connectTimeoutMs:
      timeout === undefined ? undefined : wholeNumber('MYPROXY_SOCKET_TIMEOUT', timeout, 1, 86_400) * 1000,
    portRange: portRange === undefined ? undefined : parsePortRange(portRange),
    keyBits: keyBits === undefined ? undefined : wholeNumber('MYPROXY_KEYBITS', keyBits, 1024, 16_384),
    nameCompatibility: lookUp('GLOBUS_GSSAPI_NAME_COMPATIBILITY', NAME_COMPATIBILITIES) ?? 'strict',
    minTlsVersion: minTlsVersion > maxTlsVersion ? maxTlsVersion : minTlsVersion,
    maxTlsVersion,
    ciphers: get('GLOBUS_GSSAPI_CIPHERS'),
  });
}

function parsePortRange(text: string): PortRange {
  const match = /^(\d+)\s*[, ]\s*(\d+)$/.exec(text);
  if (match === null) throw invalid('MYPROXY_TCP_PORT_RANGE', text, 'two ports, as in "40000,40100"');
  const min = parsePort(match[1] ?? '', 'MYPROXY_TCP_PORT_RANGE');
  const max = parsePort(match[2] ?? '', 'MYPROXY_TCP_PORT_RANGE');
  if (min > max) throw invalid('MYPROXY_TCP_PORT_RANGE', text, 'the smaller port first');
  return { min, max };
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw invalid(name, text, `a whole number from ${min} to ${max}`);
  return value;
}

function invalid(name: string, text: string, expected: string): LatchkeyError {
  return new LatchkeyError(
    'config/invalid',
    `environment variable ${name}: expected ${expected}, got ${quote(text)}`,
  );
}

type Compact<Fields> = {
  [Key in keyof Fields as undefined extends Fields[Key] ? never : Key]: Fields[Key];
} & {
  [Key in keyof Fields as undefined extends Fields[Key] ? Key : never]?: Exclude<Fields[Key], undefined>;
};

/** Drops the fields that are undefined. */
function compact<Fields extends object>(fields: Fields): Compact<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Compact<Fields>;
}
