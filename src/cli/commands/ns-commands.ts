import type { CommandOption, CommandSpec } from './command-spec.ts';

const REMOTE = 'Remote applications';

const WHERE: readonly CommandOption[] = [
  {
    long: 'ns',
    value: 'ADDRESS',
    help: 'host:port, [IPv6]:port or ./u:path; default: MUPIF_NS, files of that name, 127.0.0.1:9090',
  },
  {
    long: 'key-file',
    value: 'FILE',
    help: "Pyro4's HMAC key; default: PYRO_HMAC_KEY of the environment",
    completes: 'file',
  },
];

/** `latchkey ns …`. Data only, as every table of commands. */
export const NS_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['ns', 'run'],
    group: REMOTE,
    summary: 'run a registry of names: a Pyro name server with leases, owners and signed entries',
    options: [
      { long: 'host', value: 'HOST', help: 'address to listen on; default 127.0.0.1' },
      { short: 'p', long: 'port', value: 'PORT', help: 'default 9090; 0 for any that is free' },
      { long: 'socket', value: 'PATH', help: 'listen on a Unix socket instead', completes: 'file' },
      {
        long: 'names',
        value: 'FILE',
        help: 'keep the names there over a restart; default: in memory',
        completes: 'file',
      },
      { ...(WHERE[1] as CommandOption) },
    ],
    details:
      'Serves Pyro4 and Pyro5 clients and ours on one port. A name that is taken is never overwritten. Without a key everybody who can connect can register names: keep it on this machine, or give it a key. ^C ends it.',
    examples: ['latchkey ns run --names names.json', 'latchkey ns run --host 172.22.2.1 --key-file hkey'],
    load: async () => (await import('./ns-run.ts')).nsRun,
  },
  {
    path: ['ns', 'list'],
    group: REMOTE,
    summary: 'what is registered, with tags, leases and who signed it',
    arguments: [{ name: 'PREFIX', required: false, help: 'only names that begin so' }],
    options: [...WHERE, { long: 'tags', value: 'TAG,…', help: 'only what has all these tags' }],
    examples: ['latchkey ns list --tags type:jobmanager'],
    load: async () => (await import('./ns.ts')).nsList,
  },
  {
    path: ['ns', 'test'],
    group: REMOTE,
    summary: 'ask the registry, or what is registered under a name, whether it answers',
    arguments: [{ name: 'NAME', required: false, help: 'a name; without one, the registry itself' }],
    options: WHERE,
    load: async () => (await import('./ns.ts')).nsTest,
  },
  {
    path: ['ns', 'remove'],
    group: REMOTE,
    summary: 'remove a name that nobody owns',
    arguments: [{ name: 'NAME', help: 'the whole name' }],
    options: [
      ...WHERE,
      {
        long: 'owner-file',
        value: 'FILE',
        help: 'the owner token that it was registered with',
        completes: 'file',
      },
    ],
    load: async () => (await import('./ns.ts')).nsRemove,
  },
];
