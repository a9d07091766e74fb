import type { PythonValue } from './python-expression.ts';

/** What became of a name of the old settings file. */
export interface LegacyKey {
  /** `used` as it is; `replaced` by something that needs no setting; `refused`. */
  readonly fate: 'used' | 'replaced' | 'refused';
  readonly expects: keyof typeof EXPECTED;
  /** Told when it is set, whatever its value; one sentence without a full stop. */
  readonly note?: string;
}

const isPort = (value: PythonValue): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535;
const isNone = (value: PythonValue): boolean => value === null || value === 'None' || value === -1;

/** What a value must be, and how that is said. */
export const EXPECTED = {
  text: [(value: PythonValue) => typeof value === 'string', 'a text'],
  host: [(value: PythonValue) => isNone(value) || typeof value === 'string', 'an address or None'],
  port: [(value: PythonValue) => isNone(value) || isPort(value), 'a port from 0 to 65535 or None'],
  count: [(value: PythonValue) => isPort(value) && Number(value) > 0, 'a whole number above 0'],
  ports: [
    (value: PythonValue) => Array.isArray(value) && value.length > 0 && value.every((port) => isPort(port)),
    'a pair of ports, first and last, or a list of them',
  ],
  anything: [() => true, 'anything'],
} as const;

/** Every name of the brief's settings file, and what is made of it. */
export const LEGACY_KEYS: Readonly<Record<string, LegacyKey>> = {
  nshost: { fate: 'used', expects: 'host' },
  nsport: { fate: 'used', expects: 'port' },
  hkey: { fate: 'used', expects: 'text' },
  server: { fate: 'used', expects: 'host' },
  serverPort: { fate: 'used', expects: 'port' },
  serverNathost: { fate: 'used', expects: 'host' },
  serverNatport: { fate: 'used', expects: 'port' },
  jobManName: { fate: 'used', expects: 'text' },
  appName: { fate: 'used', expects: 'text' },
  portsForJobs: { fate: 'used', expects: 'ports' },
  maxJobs: { fate: 'used', expects: 'count' },
  jobManWorkDir: { fate: 'used', expects: 'text' },
  jobNatPorts: {
    fate: 'replaced',
    expects: 'anything',
    note: 'jobNatPorts is not needed: links choose ports, or sockets, that nobody else can hold',
  },
  socketApps: {
    fate: 'replaced',
    expects: 'anything',
    note: 'socketApps is not needed: a job reports over a descriptor it inherits, which nobody else can reach',
  },
  jobMan2CmdPath: {
    fate: 'replaced',
    expects: 'anything',
    note: 'jobMan2CmdPath is not needed: say what a job is with --class or as the command after --',
  },
  serverUserName: { fate: 'used', expects: 'host' },
  sshClient: { fate: 'used', expects: 'text' },
  options: { fate: 'used', expects: 'text' },
  sshHost: { fate: 'used', expects: 'text' },
};

/** Keys that everybody can read in the manual or the sources. */
export const PUBLISHED_KEYS: readonly string[] = ['mmp-secret-key', 'mupif-secret-key'];
