import { readFileSync } from 'node:fs';
import { type LongOption, readLongOptions } from './long-options.ts';
import { fail, ToolExit } from './tool.ts';
import { latchkeyVersion } from './usage-text.ts';

/** What a command line of `voms-proxy-init` asks for. */
export interface VomsProxyOptions {
  /** Values of `-voms`, in order. */
  readonly voms: readonly string[];
  readonly order: readonly string[];
  readonly targets: readonly string[];
  /** Values of `-vomses`, `-userconf` and `-confile`; undefined = the usual places. */
  readonly vomses: readonly string[] | undefined;
  readonly proxyMinutes: number;
  /** 0 = as long as the server gives. */
  readonly attributesMinutes: number;
  readonly kind: 'rfc3820' | 'draft' | 'legacy' | undefined;
  readonly bits: number;
  readonly pathLength: number | undefined;
  /** Seconds; undefined = no limit of the user's own. */
  readonly timeoutSeconds: number | undefined;
  has(flag: string): boolean;
  text(option: string): string | undefined;
}

const OPTIONS: readonly LongOption[] = [
  { names: ['help', 'usage'], help: 'Prints this text' },
  { names: ['version'], help: 'Prints the version' },
  { names: ['debug'], help: 'Says which files are used, and the reasons of errors' },
  { names: ['quiet', 'q'], help: 'Prints only what is needed' },
  { names: ['verify'], help: 'Checks the new proxy against the trusted authorities' },
  { names: ['pwstdin'], help: 'Reads the pass phrase from standard input' },
  { names: ['limited'], help: 'Makes a limited proxy' },
  { names: ['valid'], value: 'h:m', help: 'Lifetime of proxy and attributes (default 12:00)' },
  { names: ['hours'], value: 'H', help: 'Lifetime of the proxy in hours' },
  { names: ['bits'], value: 'B', help: 'Size of the key {512|1024|2048|4096}' },
  { names: ['cert'], value: 'certfile', help: 'Certificate to make the proxy of' },
  { names: ['key'], value: 'keyfile', help: 'Its key' },
  { names: ['certdir'], value: 'certdir', help: 'Directory of trusted authorities' },
  { names: ['out'], value: 'proxyfile', help: 'Where the new proxy goes' },
  {
    names: ['voms'],
    value: 'vo[:command]',
    help: 'Organisation, and what is asked of it: /vo/group/Role=x, or all',
  },
  { names: ['order'], value: 'fqan', help: 'What comes first among the attributes; may be repeated' },
  { names: ['target'], value: 'host', help: 'Host that may accept the attributes; may be repeated' },
  { names: ['vomslife'], value: 'h:m', help: 'Lifetime of the attributes; 0 = as long as allowed' },
  { names: ['include'], value: 'file', help: 'File to put into the proxy' },
  { names: ['conf'], value: 'file', help: 'Reads options from this file first, a line each' },
  {
    names: ['vomses', 'userconf', 'confile'],
    value: 'path',
    help: 'File or directory that names the servers',
  },
  { names: ['policy'], value: 'file', help: 'Policy to put into the proxy' },
  { names: ['policy-language', 'pl'], value: 'oid', help: 'Language of that policy' },
  { names: ['path-length'], value: 'l', help: 'How many proxies may follow' },
  { names: ['globus'], value: 'version', help: 'Accepted and ignored' },
  { names: ['proxyver'], value: '2|3|4', help: 'Legacy, draft or RFC 3820 proxy (default 4)' },
  { names: ['rfc'], help: 'The same as -proxyver 4' },
  { names: ['old'], help: 'The same as -proxyver 2' },
  { names: ['noregen'], help: 'Puts the new proxy below the one there is' },
  { names: ['separate'], value: 'file', help: 'Writes the attributes to this file, and makes no proxy' },
  { names: ['includeac'], value: 'file', help: 'Puts the attributes of this file into the proxy too' },
  { names: ['ignorewarn'], help: 'Warnings are not shown' },
  { names: ['failonwarn'], help: 'Warnings are errors' },
  { names: ['list'], help: 'Prints all attributes there are, and makes no proxy' },
  { names: ['timeout'], value: 'seconds', help: 'How long to wait for a server' },
  { names: ['dont-verify-ac'], help: 'Does not check the attributes that come' },
];

const BITS = [0, 512, 1024, 2048, 4096];
const KINDS = { '2': 'legacy', '3': 'draft', '4': 'rfc3820' } as const;
const MAX_CONF_LINES = 1_000;

/** Reads the command line of `voms-proxy-init`. @throws ToolExit */
export function readVomsProxyOptions(tool: string, argv: readonly string[]): VomsProxyOptions {
  const given = new Map<string, string[]>();
  let proxyMinutes = 12 * 60;
  let attributesMinutes: number | undefined;
  let kind: VomsProxyOptions['kind'];
  const apply = (name: string, value: string): void => {
    given.set(name, [...(given.get(name) ?? []), value]);
    if (name === 'help') throw new ToolExit(0, { stdout: usage(tool) });
    if (name === 'version')
      throw new ToolExit(0, { stdout: `${tool}\nVersion: latchkey-${latchkeyVersion}\n` });
    if (name === 'conf') readLongOptions(tool, OPTIONS, readConf(value), apply);
    else if (name === 'valid') proxyMinutes = minutesOf(name, value);
    else if (name === 'hours') proxyMinutes = Math.max(0, whole(name, value)) * 60;
    else if (name === 'vomslife') attributesMinutes = value === '0' ? 0 : minutesOf(name, value);
    else if (name === 'rfc') kind = 'rfc3820';
    else if (name === 'old') kind = 'legacy';
    else if (name === 'proxyver') kind = kindOf(value);
  };
  readLongOptions(tool, OPTIONS, argv, apply);
  const all = (name: string): readonly string[] => given.get(name) ?? [];
  const text = (name: string): string | undefined => all(name).at(-1);
  const bits = whole('bits', text('bits') ?? '2048');
  if (!BITS.includes(bits)) throw fail('Error: number of bits in key must be one of 512, 1024, 2048, 4096.');
  const length = text('path-length');
  const pathLength = length === undefined ? undefined : whole('path-length', length);
  const timeout = text('timeout');
  const seconds = timeout === undefined ? -1 : whole('timeout', timeout);
  if (all('policy').length > 0 && all('policy-language').length === 0) {
    throw fail('If you specify a policy file you also need to specify a policy language.');
  }
  return {
    voms: all('voms'),
    order: all('order').flatMap((value) => value.split(',')),
    targets: all('target').flatMap((value) => value.split(',')),
    vomses: given.get('vomses'),
    proxyMinutes,
    attributesMinutes: attributesMinutes ?? proxyMinutes,
    kind,
    bits: bits === 0 ? 2048 : bits,
    pathLength: pathLength === undefined || pathLength < 0 ? undefined : pathLength,
    timeoutSeconds: seconds > 0 ? seconds : undefined,
    has: (name) => given.has(name),
    text,
  };
}

function kindOf(value: string): VomsProxyOptions['kind'] {
  if (value in KINDS) return KINDS[value as keyof typeof KINDS];
  throw fail('Error: proxyver must be 2, 3 or 4');
}

function minutesOf(option: string, text: string): number {
  const match = /^(\d{1,6}):(\d{1,3})$/.exec(text.trim());
  if (match === null) throw fail(`-${option} argument must be in the format: h:m`);
  const minutes = Number(match[2]);
  if (minutes > 59) throw fail('specified minutes must be in the range 0-59');
  return Number(match[1]) * 60 + minutes;
}

function whole(option: string, text: string): number {
  if (/^-?\d{1,6}$/.test(text.trim())) return Number(text);
  throw fail(`-${option} takes a number, not ${JSON.stringify(text.slice(0, 50))}`);
}

/** A file that is not there says nothing, as with the C++ tool. */
function readConf(path: string): readonly string[] {
  let contents: string;
  try {
    contents = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const lines = contents.split('\n').map((line) => line.trim());
  // One file must not read itself for ever.
  return lines
    .filter((line) => line !== '' && !line.startsWith('#') && !/^--?conf\b(?!ile)/.test(line))
    .slice(0, MAX_CONF_LINES);
}

function usage(tool: string): string {
  const rows = OPTIONS.map(({ names, value, help }) => {
    const head = names.map((name) => `-${name}`).join(', ') + (value === undefined ? '' : ` <${value}>`);
    return `    ${head.padEnd(36)} ${help}`;
  });
  return [`${tool}:`, '    Options', ...rows, '', ''].join('\n');
}
