import { readFileSync } from 'node:fs';
import { type LongOption, readLongOptions } from './long-options.ts';
import { atoi } from './read-options.ts';
import { ToolExit } from './tool.ts';
import { latchkeyVersion } from './usage-text.ts';

const INFO_OPTIONS: readonly LongOption[] = [
  { names: ['help'], help: 'Prints this text' },
  { names: ['usage'], help: 'Prints this text' },
  { names: ['version'], help: 'Prints the version' },
  { names: ['debug'], help: 'Accepted and ignored' },
  { names: ['file'], value: 'proxyfile', help: 'The proxy to look at' },
  { names: ['exists'], help: 'Exit code 0 if there is a valid proxy, else 1' },
  { names: ['acexists'], value: 'vo', help: 'Exit code 0 if it has attributes of this organization, else 1' },
  { names: ['chain'], help: 'Tells of the certificates above the proxy too' },
  { names: ['conf'], value: 'file', help: 'Reads options from this file' },
  { names: ['subject'], help: 'Prints the subject' },
  { names: ['issuer'], help: 'Prints the issuer' },
  { names: ['identity'], help: 'Prints whom the proxy is made from' },
  { names: ['type'], help: 'Prints the kind of proxy' },
  { names: ['timeleft'], help: 'Prints the seconds that are left' },
  { names: ['strength'], help: 'Prints the bits of the key' },
  { names: ['path'], help: 'Prints where the proxy is' },
  { names: ['all'], help: 'Prints everything, for people' },
  { names: ['text'], help: 'Prints what the certificate says' },
  { names: ['vo'], help: 'Prints the names of the organizations' },
  { names: ['fqan'], help: 'Prints groups and roles' },
  { names: ['acsubject'], help: 'Prints whose attributes these are' },
  { names: ['acissuer'], help: 'Prints which server says so' },
  { names: ['actimeleft'], help: 'Prints the seconds that are left of the attributes' },
  { names: ['serial'], help: 'Prints the serial numbers of the attributes' },
  { names: ['valid'], value: 'H:M', help: 'With -exists: valid for that long' },
  { names: ['bits'], value: 'B', help: 'With -exists: key of that many bits' },
  { names: ['hours'], value: 'H', help: 'The same as -valid in hours, deprecated' },
  { names: ['dont-verify-ac'], help: 'Says nothing of attributes that cannot be read' },
  { names: ['targets'], help: 'Prints the hosts that may accept the attributes' },
  { names: ['included-file'], help: 'Prints the file that is inside the proxy' },
  { names: ['uri'], help: 'Prints the addresses of the servers' },
  { names: ['keyusage'], help: 'Prints the key usage, with the facts of the proxy' },
];

/** What a command line of `voms-proxy-info` asks for. */
export interface VomsInfoOptions {
  readonly file: string | undefined;
  /** Organizations that must be there. */
  readonly acexists: readonly string[];
  /** Seconds that `-exists` wants to be left. */
  readonly seconds: number;
  readonly bits: number;
  /** True when nothing is asked for that is printed by itself. */
  readonly isDefault: boolean;
  /** What is to be said on standard error before everything else. */
  readonly remarks: string;
  has(option: string): boolean;
}

/** Options that print by themselves, or ask: without any of them the facts of the proxy are printed. */
const ASKS = [
  ...['subject', 'issuer', 'type', 'timeleft', 'strength', 'path', 'text', 'vo', 'fqan', 'acsubject'],
  ...['acissuer', 'actimeleft', 'serial', 'exists', 'targets', 'included-file', 'uri', 'acexists'],
];
const MAX_CONF_BYTES = 65_536;

/** Reads the command line of `voms-proxy-info`. @throws ToolExit */
export function readVomsInfoOptions(tool: string, argv: readonly string[]): VomsInfoOptions {
  const given = new Map<string, string>();
  const acexists: string[] = [];
  const apply = (name: string, value: string): void => {
    if (name === 'help' || name === 'usage') throw new ToolExit(0, { stderr: usage(tool) });
    if (name === 'conf') {
      for (const word of confWords(value)) readLongOptions(tool, INFO_OPTIONS, [word], apply);
    }
    if (name === 'acexists') acexists.push(value);
    // The C++ tool has one flag for both.
    given.set(name === 'identity' ? 'issuer' : name, value);
  };
  readLongOptions(tool, INFO_OPTIONS, argv, apply);
  if (given.has('version')) {
    throw new ToolExit(0, { stdout: `voms-proxy-info\nVersion: latchkey-${latchkeyVersion}\n` });
  }
  const { seconds, remarks } = given.has('exists') ? readDuration(given) : { seconds: 0, remarks: '' };
  return {
    file: given.get('file') || undefined,
    acexists,
    seconds,
    bits: atoi(given.get('bits') ?? ''),
    isDefault: !ASKS.some((name) => given.has(name)),
    remarks,
    has: (option) => given.has(option),
  };
}

/** `-hours` rules where both are given; what cannot be read counts as nothing, and is said. */
function readDuration(given: ReadonlyMap<string, string>): { seconds: number; remarks: string } {
  const hours = atoi(given.get('hours') ?? '');
  const valid = given.get('valid') ?? '';
  if (valid === '') return { seconds: hours * 3600, remarks: '' };
  const colon = valid.indexOf(':');
  if (colon <= 0) return { seconds: hours * 3600, remarks: 'value must be in the format: H:M\n' };
  if (hours !== 0) return { seconds: hours * 3600, remarks: '' };
  const minutes = atoi(valid.slice(colon + 1));
  const remarks = minutes < 0 || minutes > 60 ? 'specified minutes must be in the range 0-60\n' : '';
  return { seconds: atoi(valid.slice(0, colon)) * 3600 + minutes * 60, remarks };
}

/** Words of a file of options; a file that cannot be read has none, and none names another file: it could name itself. */
export function confWords(path: string): string[] {
  try {
    const text = readFileSync(path, 'utf8').slice(0, MAX_CONF_BYTES);
    return text.split(/\s+/).filter((word) => /^[^#]/.test(word) && !/^--?conf(?:=|$)/.test(word));
  } catch {
    return [];
  }
}

function usage(tool: string): string {
  const lines = INFO_OPTIONS.map(({ names, value, help }) => {
    const head = `${names.map((name) => `-${name}`).join(', ')}${value === undefined ? '' : ` <${value}>`}`;
    return `   ${head.padEnd(25)} ${help}\n`;
  });
  const syntax =
    'voms-proxy-info [-help][-file proxyfile][-subject][...][-exists [-hours H][-bits B][-valid H:M]]';
  return `${tool}: \n\nSyntax: ${syntax}\n\n   Options\n${lines.join('')}\n\n`;
}
