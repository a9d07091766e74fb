import type { CommandSpec } from './command-spec.ts';
import { MACHINE } from './machine-options.ts';
import { ACCOUNT, CONNECTION, IDENTITY, PASS_PHRASE, STORAGE } from './shared-options.ts';

const INSIGHT = 'See and explain';

/** `latchkey status`, `doctor`, `config …`, and how the tools get into a shell. Data only, as every table of commands. */
export const INSIGHT_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['status'],
    group: INSIGHT,
    summary: 'what is stored, for whom, and how long everything lasts',
    options: [...CONNECTION, ...ACCOUNT, ...IDENTITY, ...PASS_PHRASE],
    details:
      'In a directory with a .latchkey state it shows all of the store; elsewhere your own credentials on the server, and the proxy on this machine.',
    load: async () => (await import('./status.ts')).status,
  },
  {
    path: ['doctor'],
    group: INSIGHT,
    summary: 'find out, step by step, why something does not work',
    arguments: [
      {
        name: 'ADDRESS',
        required: false,
        help: 'a machine, or its scheduler: HOST, ssh://HOST, slurm+ssh://HOST; without it, the MyProxy server',
      },
    ],
    options: [...CONNECTION, ...IDENTITY, ...MACHINE],
    examples: ['latchkey doctor', 'latchkey doctor slurm+ssh://login.example.org'],
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    path: ['config', 'check'],
    group: INSIGHT,
    summary: "what is wrong or worth knowing in a server's configuration",
    arguments: [
      {
        name: 'FILE',
        required: false,
        help: "latchkey.toml or myproxy-server.config; default the state's, else /etc/myproxy-server.config",
        completes: 'file',
      },
    ],
    options: [STORAGE],
    load: async () => (await import('./config-check.ts')).configCheck,
  },
  {
    path: ['config', 'show'],
    group: INSIGHT,
    summary: 'the configuration in force, with every default',
    arguments: [{ name: 'FILE', required: false, help: 'as for config check', completes: 'file' }],
    options: [{ long: 'origin', help: 'say where each value comes from' }, STORAGE],
    load: async () => (await import('./config-show.ts')).configShow,
  },
  {
    path: ['config', 'explain'],
    group: INSIGHT,
    summary: 'would this client be allowed to do that, and why (not)',
    arguments: [
      {
        name: 'COMMAND',
        help: 'get, put, store, retrieve, destroy, info, change or trustroots',
        completes: ['get', 'put', 'store', 'retrieve', 'destroy', 'info', 'change', 'trustroots'],
      },
      { name: 'FILE', required: false, help: 'as for config check', completes: 'file' },
    ],
    options: [
      {
        long: 'dn',
        value: 'DN',
        help: "the client's subject, /O=Grid/CN=Jane; default: an anonymous client",
      },
      { long: 'user', value: 'NAME', help: 'the account it asks for' },
      {
        short: 'k',
        long: 'credential',
        value: 'NAME',
        help: 'the credential of that account; default the unnamed one',
      },
      { long: 'fqan', value: 'FQAN', help: 'a VOMS attribute the client has' },
      { long: 'limited', help: 'the client shows a limited proxy' },
      STORAGE,
    ],
    examples: ['latchkey config explain get --dn /O=Grid/CN=Jane --user jane'],
    load: async () => (await import('./config-explain.ts')).configExplain,
  },
  {
    path: ['completion'],
    group: INSIGHT,
    summary: 'a completion script for your shell',
    arguments: [{ name: 'SHELL', help: 'bash, zsh or fish', completes: ['bash', 'zsh', 'fish'] }],
    options: [],
    examples: [
      'source <(latchkey completion bash)',
      'latchkey completion fish > ~/.config/fish/completions/latchkey.fish',
    ],
    load: async () => (await import('./completion.ts')).completion,
  },
  {
    path: ['link'],
    group: INSIGHT,
    summary: 'make links under the names of the C tools: myproxy-logon, grid-proxy-init, …',
    arguments: [{ name: 'DIR', help: 'where the links go, such as ~/bin', completes: 'directory' }],
    options: [],
    details: 'A link acts as the tool it is named after: its options, prompts, messages and exit codes.',
    load: async () => (await import('./link.ts')).link,
  },
];
