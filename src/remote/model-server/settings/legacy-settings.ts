import { isAbsolute, resolve } from 'node:path';
import { type Finding, LatchkeyError, quote, Secret } from '../../../kit/index.ts';
import { EXPECTED, LEGACY_KEYS, PUBLISHED_KEYS } from './legacy-keys.ts';
import { isServerName, type PortRange } from './model-server-settings.ts';
import type { PythonValue } from './python-expression.ts';
import { type PythonSurroundings, readPythonSettings } from './python-settings.ts';

/** What `-m` chooses: everything on this machine, through SSH, inside a VPN, or a VPN that is played on this machine. */
export type NetworkMode = 0 | 1 | 2 | 3;

/** How to reach the servers over SSH, for the client side of a settings file. */
interface LegacySsh {
  readonly user?: string | undefined;
  /** The program: `ssh`, `gsissh`; absent = the usual one. */
  readonly program?: string | undefined;
  /** What was in `options` and is harmless, word by word. */
  readonly options: readonly string[];
  readonly host?: string | undefined;
}

/** A settings file under the old names, read. */
export interface LegacySettings {
  readonly name: string | undefined;
  readonly application: string | undefined;
  readonly key: Secret | undefined;
  /** True when the key stands in the manual. */
  readonly isKeyPublished: boolean;
  readonly registry: { readonly host: string; readonly port: number } | undefined;
  readonly listen: { readonly host: string; readonly port: number };
  readonly published: { readonly host: string; readonly port: number } | undefined;
  readonly ports: PortRange | undefined;
  readonly maxJobs: number | undefined;
  readonly directory: string | undefined;
  readonly ssh: LegacySsh;
  /** What is unsafe, obsolete, or was not understood; `index` is the line. */
  readonly findings: readonly Finding[];
}

const REGISTRY_PORT = 9090;
const SERVER_PORT = 44_382;

/**
 * Reads the settings file of a job manager under its old names, without running it.
 *
 * @param path for messages, and what relative directories are relative to
 * @throws LatchkeyError `config/invalid` when a value cannot be what it should
 */
export function readLegacySettings(
  source: string,
  path: string,
  mode: NetworkMode,
  surroundings: Omit<PythonSurroundings, 'given'>,
): LegacySettings {
  const read = readPythonSettings(source, { ...surroundings, given: { mode } });
  const found = new Findings(read.findings);
  const wrong: string[] = [];
  const value = (name: string): PythonValue | undefined => {
    const assigned = read.values.get(name);
    const key = LEGACY_KEYS[name];
    if (assigned === undefined || key === undefined) return undefined;
    if (assigned.value === undefined) {
      wrong.push(`line ${assigned.line}: ${name} cannot be known without running the file`);
      return undefined;
    }
    const [fits, expected] = EXPECTED[key.expects];
    if (!fits(assigned.value))
      wrong.push(`line ${assigned.line}: ${name} must be ${expected}, not ${shown(name, assigned.value)}`);
    return assigned.value === 'None' || assigned.value === -1 ? null : assigned.value;
  };
  const text = (name: string): string | undefined => {
    const given = value(name);
    return typeof given === 'string' && given !== '' ? given : undefined;
  };
  const number = (name: string): number | undefined => {
    const given = value(name);
    return typeof given === 'number' ? given : undefined;
  };

  for (const [name, { line }] of read.values) {
    const note = Object.hasOwn(LEGACY_KEYS, name) ? LEGACY_KEYS[name]?.note : undefined;
    if (note !== undefined) found.add('settings-obsolete', note, line);
    if (/SERIALIZER/.test(name)) checkSerializer(read.values.get(name)?.value, line, found);
  }
  const isLocal = mode === 0 || mode === 3;
  const at = (host: string | undefined, port: number | undefined, otherwise: number) => ({
    host: isLocal ? '127.0.0.1' : (host ?? '127.0.0.1'),
    port: port ?? otherwise,
  });
  const key = text('hkey');
  const keyLine = read.values.get('hkey')?.line;
  const isKeyPublished = key !== undefined && PUBLISHED_KEYS.includes(key);
  if (isKeyPublished)
    found.add(
      'settings-key-published',
      `hkey is ${quote(key)}, which everybody finds in the manual: choose another`,
      keyLine,
    );
  else if (key !== undefined && isLiteral(source, key))
    found.add(
      'settings-key-in-file',
      'hkey stands in the file in clear: hkey = os.getenv(…), or key_file in latchkey.toml, keeps it apart',
      keyLine,
    );
  const name = text('jobManName');
  if (name !== undefined && !isServerName(name))
    wrong.push(`jobManName ${quote(name)}: letters, digits and @ . _ + - only, at most 100`);
  const nshost = text('nshost');
  const nathost = text('serverNathost');
  const natport = number('serverNatport');
  const listen = at(text('server'), number('serverPort'), SERVER_PORT);
  const directory = text('jobManWorkDir');
  const settings: LegacySettings = {
    name,
    application: text('appName'),
    key: key === undefined ? undefined : new Secret(key),
    isKeyPublished,
    registry: nshost === undefined ? undefined : at(nshost, number('nsport'), REGISTRY_PORT),
    listen,
    published: publishedPlace(mode, nathost, natport, found, read.values.get('serverNathost')?.line),
    ports: portRange(value('portsForJobs'), wrong),
    maxJobs: number('maxJobs'),
    directory: directory === undefined || isAbsolute(directory) ? directory : resolve(path, '..', directory),
    ssh: sshOf(text, found, read.values.get('options')?.line),
    findings: found.list,
  };
  const { ports, maxJobs } = settings;
  if (ports !== undefined && maxJobs !== undefined && ports.last - ports.first + 1 < maxJobs)
    found.add(
      'settings-few-ports',
      `maxJobs is ${maxJobs}, but portsForJobs has ${ports.last - ports.first + 1} ports: no more jobs than that will run`,
      read.values.get('portsForJobs')?.line,
    );
  if (wrong.length === 0) return { ...settings, findings: found.list };
  throw new LatchkeyError('config/invalid', `${path}: ${wrong.join('; ')}`, {
    hint: 'settings are assignments of texts, numbers, pairs and lists; the file is read, never run',
  });
}

class Findings {
  readonly list: Finding[];

  constructor(first: readonly Finding[]) {
    this.list = [...first];
  }

  add(code: string, message: string, line?: number): void {
    this.list.push({ code, message, ...(line === undefined ? {} : { index: line }) });
  }
}

function checkSerializer(value: PythonValue | undefined, line: number, found: Findings): void {
  if (!JSON.stringify(value ?? null).includes('pickle')) return;
  const message =
    'pickle is never read or written: it lets whoever sends it run anything here; serpent, which every Pyro speaks, is used';
  if (!found.list.some(({ code }) => code === 'settings-pickle')) found.add('settings-pickle', message, line);
}

function publishedPlace(
  mode: NetworkMode,
  host: string | undefined,
  port: number | undefined,
  found: Findings,
  line: number | undefined,
): LegacySettings['published'] {
  if (mode !== 1 || host === undefined || port === undefined) return undefined;
  const message =
    'one NAT address for everybody is only right where a tunnel ends at that very port: clients of ours go by links, which need none';
  found.add('settings-nat', message, line);
  return { host, port };
}

/** A pair is first and last; a longer list is what lies between its ends, if nothing is missing. */
function portRange(value: PythonValue | undefined, wrong: string[]): PortRange | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const ports = value.map(Number).toSorted((a, b) => a - b);
  const [first = 0] = ports;
  const last = ports.at(-1) ?? first;
  if (ports.length > 2 && last - first + 1 !== ports.length) {
    wrong.push('portsForJobs must be first and last, or a list without gaps');
    return undefined;
  }
  return { first, last };
}

/** Words of `options` that would switch the check of host keys off are not passed on. */
function sshOf(
  text: (name: string) => string | undefined,
  found: Findings,
  line: number | undefined,
): LegacySsh {
  const program = text('sshClient');
  const options: string[] = [];
  const words = text('options')?.match(/"[^"]*"|\S+/g) ?? [];
  for (const [at, word] of words.entries()) {
    if (/^(-o)?(StrictHostKeyChecking|UserKnownHostsFile|GlobalKnownHostsFile)\b/i.test(word)) {
      if (words[at - 1] === '-o') options.pop();
      found.add(
        'settings-host-key',
        `${word} is ignored: it would let anybody be the server; host keys are always checked`,
        line,
      );
    } else options.push(word.replaceAll('"', ''));
  }
  if (program !== undefined && /putty/i.test(program))
    found.add(
      'settings-putty',
      `${quote(program)} has a window and asks in it: the system's ssh is used`,
      line,
    );
  return {
    user: text('serverUserName'),
    program: program !== undefined && /^(auto)?ssh$|putty|manual/i.test(program) ? undefined : program,
    options,
    host: text('sshHost'),
  };
}

/** A key that came from the environment does not stand in the file. */
function isLiteral(source: string, key: string): boolean {
  return source.includes(`'${key}'`) || source.includes(`"${key}"`);
}

function shown(name: string, value: PythonValue): string {
  return name === 'hkey' ? 'what it is' : (JSON.stringify(value) ?? '').slice(0, 80);
}
