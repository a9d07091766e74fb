import { type Finding, quote } from '../kit/index.ts';

/** One server of a virtual organisation, as a line of a `vomses` file names it. */
export interface VomsServer {
  /** The name users ask by; usually the organisation's. */
  readonly alias: string;
  readonly host: string;
  readonly port: number;
  /** One-line subject that the server's certificate must have. */
  readonly dn: string;
  readonly vo: string;
  /** The file the line was in. */
  readonly source?: string;
}

/** What a `vomses` file says, and which of its lines say nothing. */
export interface VomsesContents {
  readonly servers: readonly VomsServer[];
  /** `index` is the line, from 1. */
  readonly findings: readonly Finding[];
}

const MAX_LINE = 4_096;
const MAX_SERVERS = 10_000;
const MAX_FINDINGS = 100;
const FORM = '"alias" "host" "port" "DN of the server" "vo"';

/**
 * Reads a `vomses` file: a line a server, `"alias" "host" "port" "dn" "vo"` and perhaps more, which is ignored.
 * Words without blanks need no quotes; `#` begins a comment line. A bad line is told and left out.
 *
 * @param source the file's name, for the servers and the findings
 */
export function parseVomses(text: string, source?: string): VomsesContents {
  const servers: VomsServer[] = [];
  const findings: Finding[] = [];
  const where = source === undefined ? '' : ` of ${quote(source)}`;
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (servers.length >= MAX_SERVERS || findings.length >= MAX_FINDINGS) {
      findings.push(finding(at, `the rest${where}, from line ${at + 1}, is not read: there is too much`));
      break;
    }
    const read = readLine(line);
    if (typeof read === 'string') findings.push(finding(at, `line ${at + 1}${where}: ${read}`));
    else servers.push(source === undefined ? read : { ...read, source });
  }
  return { servers, findings };
}

/** The servers of an organisation or alias. Aliases come before names of organisations: they are what the user chose. */
export function serversOf(servers: readonly VomsServer[], name: string): readonly VomsServer[] {
  const byAlias = servers.filter((server) => server.alias === name);
  return byAlias.length > 0 ? byAlias : servers.filter((server) => server.vo === name);
}

/** A line of a `vomses` file. */
export function formatVomsesLine({ alias, host, port, dn, vo }: VomsServer): string {
  const words = [alias, host, String(port), dn, vo];
  return words.map((word) => `"${word.replaceAll(/["\\]/g, '\\$&')}"`).join(' ');
}

/** The server, or what is wrong with the line. */
function readLine(line: string): VomsServer | string {
  if (line.length > MAX_LINE) return `it has ${line.length} characters, where ${MAX_LINE} are the limit`;
  const words = splitWords(line);
  if (words === undefined) return 'a quotation mark is not closed';
  const [alias = '', host = '', portText = '', dn = '', vo = ''] = words;
  if (words.length < 5) return `${words.length} words where ${FORM} is expected`;
  const port = Number(portText);
  if (!/^\d{1,5}$/.test(portText) || port < 1 || port > 65_535) {
    return `${quote(portText)} is no port`;
  }
  if (!/^[\w.:[\]-]{1,255}$/.test(host)) return `${quote(host)} is no host name`;
  if (!isOrganisation(vo)) return `${quote(vo)} is no name of a virtual organisation`;
  if (alias === '') return 'the alias is empty';
  if (!dn.startsWith('/')) return `${quote(dn)} is no one-line name such as /DC=org/CN=host`;
  return { alias, host: host.replace(/^\[(.*)\]$/, '$1'), port, dn, vo };
}

/** Names of organisations are the first part of every group, and of file names: letters, digits, `_`, and further on `.` and `-` too. */
export function isOrganisation(name: string): boolean {
  return /^\w[\w.-]{0,254}$/.test(name);
}

function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let rest = line;
  while (rest !== '') {
    const quoted = /^"((?:[^"\\]|\\.)*)"\s*/.exec(rest);
    const match = quoted ?? (rest.startsWith('"') ? null : /^(\S+)\s*/.exec(rest));
    if (match === null) return undefined;
    const word = match[1] ?? '';
    words.push(quoted === null ? word : word.replaceAll(/\\(.)/g, '$1'));
    rest = rest.slice(match[0].length);
  }
  return words;
}

function finding(at: number, message: string): Finding {
  return { code: 'vomses/line', message, index: at + 1 };
}
