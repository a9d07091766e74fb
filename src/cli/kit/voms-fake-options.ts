import { type LongOption, readLongOptions } from './long-options.ts';
import { atoi } from './read-options.ts';
import { fail, ToolExit } from './tool.ts';
import { latchkeyVersion } from './usage-text.ts';
import { confWords } from './voms-info-options.ts';

const OPTIONS: readonly LongOption[] = [
  { names: ['help', 'usage'], help: 'Prints this text' },
  { names: ['version'], help: 'Prints the version' },
  { names: ['debug'], help: 'Accepted and ignored' },
  { names: ['quiet', 'q'], help: 'Prints only what is needed' },
  { names: ['pwstdin'], help: 'Reads the pass phrase from standard input' },
  { names: ['limited'], help: 'Makes a limited proxy' },
  { names: ['hours'], value: 'H', help: 'The proxy is valid for H hours (default 12)' },
  { names: ['bits'], value: 'B', help: 'Size of the key {512|1024|2048|4096}' },
  { names: ['cert'], value: 'certfile', help: 'Certificate to make the proxy of' },
  { names: ['key'], value: 'keyfile', help: 'Its key' },
  { names: ['certdir'], value: 'certdir', help: 'Accepted and ignored' },
  { names: ['out'], value: 'proxyfile', help: 'Where the new proxy goes' },
  { names: ['voms'], value: 'vo', help: 'Name of the organisation' },
  { names: ['uri'], value: 'host:port', help: 'Where the pretended server is' },
  { names: ['target'], value: 'host', help: 'Host that may accept the attributes; may be repeated' },
  { names: ['vomslife'], value: 'H', help: 'The attributes are valid for H hours (default: as the proxy)' },
  { names: ['conf'], value: 'file', help: 'Reads options from this file' },
  { names: ['path-length'], value: 'l', help: 'How many proxies may follow (default 1)' },
  { names: ['globus'], value: 'version', help: 'Accepted and ignored' },
  { names: ['proxyver'], value: '2|3|4', help: 'Legacy, draft or RFC 3820 proxy (default 4)' },
  { names: ['rfc'], help: 'The same as -proxyver 4' },
  { names: ['separate'], value: 'file', help: 'Writes the attributes to this file too' },
  { names: ['hostcert'], value: 'file', help: "The pretended server's certificate" },
  { names: ['hostkey'], value: 'file', help: 'Its key' },
  { names: ['fqan'], value: 'fqan', help: 'Group or role, written as it shall be; may be repeated' },
  { names: ['newformat'], help: "The holder by its issuer's name, as RFC 5755 has it" },
  { names: ['pastac'], value: 'seconds|h:m', help: 'The attributes begin that long ago' },
  { names: ['ga'], value: 'id=value (qualifier)', help: 'Generic attribute; may be repeated' },
];

/** Options of the C++ tool that are understood and not followed: they would make what no other program accepts. */
const NOT_HERE = [
  ...['verify', 'voinfo', 'include', 'policy', 'policy-language', 'pl', 'noregen', 'newsubject', 'newissuer'],
  ...[
    'pastproxy',
    'keyusage',
    'nscert',
    'extkeyusage',
    'newserial',
    'extension',
    'acextension',
    'selfsigned',
  ],
];

/** What a command line of `voms-proxy-fake` asks for. */
export interface VomsFakeOptions {
  readonly fqans: readonly string[];
  readonly targets: readonly string[];
  readonly genericAttributes: readonly { name: string; value: string; qualifier: string }[];
  readonly hours: number;
  readonly attributesHours: number;
  /** Seconds that the attributes begin before now. */
  readonly past: number;
  readonly bits: number;
  readonly kind: 'legacy' | 'draft' | 'rfc3820';
  readonly pathLength: number | undefined;
  has(option: string): boolean;
  text(option: string): string | undefined;
}

const KINDS = { '2': 'legacy', '3': 'draft', '4': 'rfc3820' } as const;

/** Reads the command line of `voms-proxy-fake`. @throws ToolExit */
export function readVomsFakeOptions(tool: string, argv: readonly string[]): VomsFakeOptions {
  const given = new Map<string, string[]>();
  const apply = (name: string, value: string): void => {
    if (name === 'help') throw new ToolExit(0, { stderr: usage(tool) });
    if (NOT_HERE.includes(name)) throw fail(`${tool}: -${name} is not supported by latchkey`);
    if (name === 'conf') for (const word of confWords(value)) readLongOptions(tool, all, [word], apply);
    given.set(name, [...(given.get(name) ?? []), value]);
  };
  const all = [...OPTIONS, ...NOT_HERE.map((name) => ({ names: [name], help: '' }))];
  readLongOptions(tool, all, argv, apply);
  if (given.has('version'))
    throw new ToolExit(0, { stdout: `voms-proxy-fake\nVersion: latchkey-${latchkeyVersion}\n` });
  const text = (name: string): string | undefined => given.get(name)?.at(-1);
  const bits = atoi(text('bits') ?? '2048');
  if (![512, 1024, 2048, 4096].includes(bits))
    throw fail('Error: number of bits in key must be one of 512, 1024, 2048, 4096.');
  const version = text('proxyver') ?? '4';
  if (!(version in KINDS)) throw fail('Error: proxyver must be 2, 3 or 4');
  const hours = atoi(text('hours') ?? '12');
  const length = atoi(text('path-length') ?? '1');
  return {
    fqans: given.get('fqan') ?? [],
    targets: given.get('target') ?? [],
    genericAttributes: (given.get('ga') ?? []).map(genericAttribute),
    hours,
    attributesHours: text('vomslife') === undefined ? hours : atoi(text('vomslife') ?? ''),
    past: pastSeconds(text('pastac') ?? '0'),
    bits,
    kind: given.has('rfc') ? 'rfc3820' : KINDS[version as keyof typeof KINDS],
    pathLength: length < 0 ? undefined : length,
    has: (name) => given.has(name),
    text,
  };
}

function genericAttribute(text: string): { name: string; value: string; qualifier: string } {
  const equals = text.indexOf('=');
  if (equals <= 0) throw fail(`ga: ${text}Does not respect 'id = value [{qual}]' syntax!`);
  const rest = text.slice(equals + 1).trim();
  const open = rest.endsWith(')') ? rest.indexOf('(') : -1;
  return {
    name: text.slice(0, equals).trim(),
    value: (open < 0 ? rest : rest.slice(0, open)).trim(),
    qualifier: open < 0 ? '' : rest.slice(open + 1, -1),
  };
}

function pastSeconds(text: string): number {
  const [hours = '', minutes] = text.split(':', 2);
  return minutes === undefined ? atoi(hours) : atoi(hours) * 3600 + atoi(minutes) * 60;
}

function usage(tool: string): string {
  const rows = OPTIONS.map(({ names, value, help }) => {
    const head = names.map((name) => `-${name}`).join(', ') + (value === undefined ? '' : ` <${value}>`);
    return `    ${head.padEnd(30)} ${help}\n`;
  });
  return `${tool}: \n    Options\n${rows.join('')}\n`;
}
