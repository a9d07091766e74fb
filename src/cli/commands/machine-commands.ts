import type { CommandSpec } from './command-spec.ts';
import { MACHINE } from './machine-options.ts';

const MACHINES = 'Other machines';
const HOST = { name: 'HOST', help: 'HOST, USER@HOST, ssh://USER@HOST:PORT or gsissh://HOST' };
const NAME = { name: 'NAME', help: 'as tunnel list shows it' };

/** `latchkey ssh` and `latchkey tunnel …`. Data only, as every table of commands. */
export const MACHINE_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['ssh'],
    group: MACHINES,
    summary: 'run a command on a machine, or open a shell there',
    arguments: [
      HOST,
      {
        name: 'COMMAND...',
        required: false,
        help: 'after --; each word arrives as it is, no shell reads it',
      },
    ],
    options: MACHINE,
    details:
      "Ends with the command's exit code. With --json its outputs are in the document, the first 4 MiB of each. Host keys are checked, always.",
    examples: ['latchkey ssh login.example.org -- uname -a', 'latchkey ssh gsissh://login.example.org'],
    load: async () => (await import('./machine-ssh.ts')).machineSsh,
  },
  {
    path: ['tunnel', 'open'],
    group: MACHINES,
    summary: 'keep forwards open, over losses of the connection',
    arguments: [
      HOST,
      {
        name: 'FORWARD...',
        help: 'L:PORT:HOST:PORT from here to there, R:PORT:HOST:PORT from there to here, D:PORT a SOCKS proxy; an address before the port it listens on, and socket paths, as with ssh',
      },
    ],
    options: [
      { long: 'name', value: 'NAME', help: 'what to call it; default the process number' },
      ...MACHINE,
    ],
    details:
      'Stays in the foreground and tells each change. A forward is proven when connections come through it. ^C, or tunnel close, ends it.',
    examples: ['latchkey tunnel open login.example.org L:5432:db:5432 --name db'],
    load: async () => (await import('./tunnel-open.ts')).tunnelOpen,
  },
  {
    path: ['tunnel', 'list'],
    group: MACHINES,
    summary: 'your tunnels, and whether connections come through them',
    options: [],
    load: async () => (await import('./tunnel-list.ts')).tunnelList,
  },
  {
    path: ['tunnel', 'status'],
    group: MACHINES,
    summary: 'one tunnel; exit code 1 unless everything comes through',
    arguments: [NAME],
    options: [],
    load: async () => (await import('./tunnel-list.ts')).tunnelStatus,
  },
  {
    path: ['tunnel', 'close'],
    group: MACHINES,
    summary: 'end a tunnel',
    arguments: [NAME],
    options: [],
    load: async () => (await import('./tunnel-list.ts')).tunnelClose,
  },
];
