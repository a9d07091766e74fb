import type { CommandSpec } from './command-spec.ts';
import { PASS_PHRASE, STORAGE } from './shared-options.ts';

const SERVICE = 'Run a service';

/** `latchkey serve`, `user …` and `envelope`. Data only, as every table of commands. */
export const SERVER_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['serve'],
    group: SERVICE,
    summary: 'run a MyProxy server, and what else the configuration asks for: tokens, the web page',
    options: [
      {
        short: 'c',
        long: 'config',
        value: 'FILE',
        help: 'latchkey.toml or myproxy-server.config; without it a state directory is made and used',
        completes: 'file',
      },
      { long: 'listen', value: 'HOST', help: 'address to listen on; default every address' },
      {
        short: 'p',
        long: 'port',
        value: 'PORT',
        help: 'default 7512; without this option a free port is taken when it is busy',
      },
      {
        long: 'host-name',
        value: 'NAME,…',
        help: 'more names of this host, for the certificate of its own; the first becomes the CN',
      },
      STORAGE,
    ],
    details:
      "Without -c, the first start makes a certificate authority and host certificate of this installation's own, a store, a trust directory, a key that signs tokens and a commented latchkey.toml below .latchkey (or --state DIR), and serves a page on this machine. With [credmon] in a latchkey.toml tokens are kept too. SIGHUP reads the configuration again; ^C ends.",
    examples: ['latchkey serve', 'latchkey serve -c /etc/myproxy-server.config'],
    load: async () => (await import('./serve.ts')).serve,
  },
  {
    path: ['user', 'add'],
    group: SERVICE,
    summary: "give somebody a certificate of this installation's authority",
    arguments: [{ name: 'NAME', help: 'account name, also the CN of the certificate' }],
    options: [
      { long: 'cn', value: 'TEXT', help: 'another CN than the account name, such as "Jane Doe"' },
      { long: 'ec', help: 'an EC P-256 key; old tools want RSA, the default' },
      { long: 'lifetime', value: 'SPAN', help: 'how long the certificate is valid; default 365d' },
      { long: 'no-pass-phrase', help: 'leave the key unencrypted' },
      ...PASS_PHRASE,
    ],
    examples: ['latchkey user add jane', 'latchkey user add jane --cn "Jane Doe" --lifetime 90d'],
    load: async () => (await import('./user-add.ts')).userAdd,
  },
  {
    path: ['user', 'list'],
    group: SERVICE,
    summary: 'who has a certificate of this authority, and for how long',
    options: [],
    load: async () => (await import('./user-list.ts')).userList,
  },
  {
    path: ['user', 'revoke'],
    group: SERVICE,
    summary: "put somebody's certificate on the revocation list",
    arguments: [{ name: 'NAME', help: 'account name', completes: 'user' }],
    options: [],
    details:
      'The certificate and key move to a folder beside the others; a running server reads the new list within half a minute.',
    load: async () => (await import('./user-revoke.ts')).userRevoke,
  },
  {
    path: ['envelope'],
    group: SERVICE,
    summary: 'put everything stored under the server key, or take that envelope off',
    arguments: [
      {
        name: 'STATE',
        help: 'on: under the first server key, also after a change of keys; off',
        completes: ['on', 'off'],
      },
      { name: 'FILE', required: false, help: 'as for config check', completes: 'file' },
    ],
    options: [STORAGE],
    details:
      'Needs the server key that the configuration names. Stop the server before off: it would put the envelope on what is stored meanwhile. The C server reads nothing that is under an envelope.',
    examples: ['latchkey envelope off /etc/latchkey/latchkey.toml'],
    load: async () => (await import('./envelope.ts')).envelope,
  },
];
