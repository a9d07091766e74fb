import { readFile } from 'node:fs/promises';
import { isLatchkeyError, LatchkeyError, quote } from '../../kit/index.ts';
import type { ConfigFinding } from './config-finding.ts';

/** A TLS version as OpenSSL and Node name it. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** How a server's name is checked; see `latchkey/x509`. */
export type NameCompatibility = 'STRICT_RFC2818' | 'HYBRID' | 'STRICT_GT2';

/** The settings of the Globus GSSAPI library that matter here (`gsi.conf`, `GLOBUS_GSSAPI_*`). */
export interface GsiConf {
  /** Default TLSv1.2. Undefined = no lower limit. */
  readonly minTls: TlsVersion | undefined;
  /** Undefined = the highest there is, the default. */
  readonly maxTls: TlsVersion | undefined;
  /** OpenSSL cipher list; default `HIGH`. */
  readonly ciphers: string;
  readonly serverCipherOrder: boolean;
  /** Default STRICT_RFC2818. */
  readonly nameCompatibility: NameCompatibility;
  readonly findings: readonly ConfigFinding[];
}

const TLS_VERSIONS: ReadonlyMap<string, TlsVersion | undefined> = new Map([
  ['0', undefined],
  ['TLS1_VERSION_DEPRECATED', 'TLSv1'],
  ['TLS1_1_VERSION_DEPRECATED', 'TLSv1.1'],
  ['TLS1_2_VERSION', 'TLSv1.2'],
  ['TLS1_3_VERSION', 'TLSv1.3'],
]);
const NAME_MODES: readonly NameCompatibility[] = ['STRICT_RFC2818', 'HYBRID', 'STRICT_GT2'];

/**
 * Reads a `gsi.conf`: lines `KEY=value`, `#` comments anywhere, unknown keys ignored. A variable `GLOBUS_GSSAPI_<KEY>`
 * wins over the file. An unknown value counts as the default and is a finding, as is what weakens TLS.
 *
 * @throws LatchkeyError `config/malformed` for a line without `=`
 */
export function parseGsiConf(text: string, env: NodeJS.ProcessEnv = {}): GsiConf {
  const settings = new Map<string, string>();
  text.split('\n').forEach((raw, index) => {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') return;
    const equals = line.indexOf('=');
    if (equals < 0) {
      throw new LatchkeyError(
        'config/malformed',
        `line ${index + 1}: expected KEY=value and got ${quote(line, 80)}`,
      );
    }
    settings.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  });
  const findings: ConfigFinding[] = [];
  const setting = (key: string) => env[`GLOBUS_GSSAPI_${key}`] ?? (settings.get(key) || undefined);
  const warn = (key: string, message: string) => {
    findings.push({ code: 'config/gsi', severity: 'warning', key, message: `${key} ${message}` });
  };
  const version = (key: string, otherwise: TlsVersion | undefined) => {
    const value = setting(key);
    if (value === undefined) return otherwise;
    if (TLS_VERSIONS.has(value)) return TLS_VERSIONS.get(value);
    warn(key, `is ${quote(value, 40)}, which is no version; ${otherwise ?? 'the highest'} is used`);
    return otherwise;
  };
  const minTls = version('MIN_TLS_PROTOCOL', 'TLSv1.2');
  if (minTls !== 'TLSv1.2' && minTls !== 'TLSv1.3') {
    warn('MIN_TLS_PROTOCOL', `allows ${minTls ?? 'every version of TLS'}, which is broken`);
  }
  const mode = setting('NAME_COMPATIBILITY') ?? 'STRICT_RFC2818';
  const nameCompatibility = NAME_MODES.find((name) => name === mode);
  if (nameCompatibility === undefined) {
    warn('NAME_COMPATIBILITY', `is ${quote(mode, 40)}, which is no mode; STRICT_RFC2818 is used`);
  }
  return {
    minTls,
    maxTls: version('MAX_TLS_PROTOCOL', undefined),
    ciphers: setting('CIPHERS') ?? 'HIGH',
    serverCipherOrder: /^(true|yes|1)$/i.test(setting('SERVER_CIPHER_ORDER') ?? 'true'),
    nameCompatibility: nameCompatibility ?? 'STRICT_RFC2818',
    findings,
  };
}

/**
 * Reads `/etc/grid-security/gsi.conf`; without the file the defaults hold, under the environment.
 *
 * @throws LatchkeyError `config/malformed`, `config/missing` when the file is there and cannot be read
 */
export async function loadGsiConf(
  env: NodeJS.ProcessEnv = process.env,
  path = '/etc/grid-security/gsi.conf',
): Promise<GsiConf> {
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) {
      throw new LatchkeyError('config/missing', `cannot read ${quote(path)}`, { cause });
    }
  }
  try {
    return parseGsiConf(text, env);
  } catch (cause) {
    if (!isLatchkeyError(cause)) throw cause;
    throw new LatchkeyError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}
