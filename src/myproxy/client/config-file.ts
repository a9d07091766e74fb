import { LatchkeyError, quote } from '../../kit/index.ts';
import { parsePort } from './server-list.ts';

/** What a configuration file of the Python client may hold; other settings are ignored, as there. */
export interface ClientConfig {
  readonly hostname?: string;
  readonly port?: number;
  readonly serverDN?: string;
  readonly caCertDir?: string;
  readonly proxyCertLifetime?: number;
  readonly proxyCertMaxLifetime?: number;
  /** An OpenSSL configuration; only `default_bits` of its section `req` is used. */
  readonly openSSLConfFilePath?: string;
}

const MAX_LINES = 10_000;

type Reader = (text: string, where: string) => string | number;

const SETTINGS: Readonly<Record<keyof ClientConfig, Reader>> = {
  hostname: (text) => text,
  port: parsePort,
  serverDN: (text) => text,
  caCertDir: (text) => text,
  proxyCertLifetime: parseSeconds,
  proxyCertMaxLifetime: parseSeconds,
  openSSLConfFilePath: (text) => text,
};

/**
 * Reads the client's settings from INI text, as the Python client's `parseConfig` does: names without regard to case,
 * `=` or `:`, `#` and `;` comments. Settings of `[DEFAULT]` hold in every section.
 *
 * @throws LatchkeyError `config/malformed`, `config/invalid`
 */
export function parseClientConfig(text: string, section = 'DEFAULT'): ClientConfig {
  const sections = parseIni(text);
  const values = new Map([...(sections.get('DEFAULT') ?? []), ...(sections.get(section) ?? [])]);
  const config: Record<string, string | number> = {};
  for (const [name, read] of Object.entries(SETTINGS)) {
    const value = values.get(name.toLowerCase());
    if (value !== undefined && value !== '') config[name] = read(value, `setting ${name}`);
  }
  return config;
}

/** The size of RSA keys that an OpenSSL configuration asks for, if it does. */
export function defaultBitsOf(opensslConfig: string): number | undefined {
  const bits = Number(parseIni(opensslConfig).get('req')?.get('default_bits'));
  return Number.isInteger(bits) && bits > 0 ? bits : undefined;
}

/** Sections by name (spaces around it dropped), settings by lower-case name; what stands before the first section is `DEFAULT`. */
function parseIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current = openSection(sections, 'DEFAULT');
  const lines = text.split(/\r?\n/, MAX_LINES + 1);
  if (lines.length > MAX_LINES) throw malformed(MAX_LINES, 'the file has too many lines');
  for (const [index, raw] of lines.entries()) {
    const line = raw.replace(/(^|\s)[#;].*$/, '').trim();
    if (line === '') continue;
    const section = /^\[([^\]]*)\]$/.exec(line);
    if (section !== null) {
      current = openSection(sections, (section[1] ?? '').trim());
      continue;
    }
    const setting = /^([^=:]+)[=:](.*)$/.exec(line);
    // OpenSSL files have lines such as ".include file"; they cannot hold a setting of ours.
    if (setting === null && line.startsWith('.')) continue;
    if (setting === null) throw malformed(index + 1, `expected "name = value", got ${quote(line, 60)}`);
    current.set((setting[1] ?? '').trim().toLowerCase(), (setting[2] ?? '').trim());
  }
  return sections;
}

function openSection(sections: Map<string, Map<string, string>>, name: string): Map<string, string> {
  const section = sections.get(name) ?? new Map<string, string>();
  sections.set(name, section);
  return section;
}

function parseSeconds(text: string, where: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new LatchkeyError('config/invalid', `${where}: expected a number of seconds, got ${quote(text)}`);
  }
  return Number(text);
}

function malformed(line: number, message: string): LatchkeyError {
  return new LatchkeyError('config/malformed', `line ${line}: ${message}`, { details: { line } });
}
