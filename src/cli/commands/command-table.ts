import type { CommandOption, CommandSpec } from './command-spec.ts';
import { CREDMON_COMMANDS } from './credmon-commands.ts';
import { JOBS_COMMANDS } from './jobs-commands.ts';
import { LINKS_COMMANDS } from './links-commands.ts';
import { MACHINE_COMMANDS } from './machine-commands.ts';
import { MACHINE } from './machine-options.ts';
import { MODELS_COMMANDS } from './models-commands.ts';
import { NS_COMMANDS } from './ns-commands.ts';
import { SESSION_COMMANDS } from './session-commands.ts';

import { ACCOUNT, CONNECTION, IDENTITY, PASS_PHRASE, POLICIES } from './shared-options.ts';
import { TOKEN_COMMANDS } from './token-commands.ts';
import { VOMS_COMMANDS } from './voms-commands.ts';
import { VOMS_SERVICE_COMMANDS } from './voms-service-commands.ts';
import { WEB_COMMANDS } from './web-commands.ts';

export { GLOBAL_OPTIONS } from './shared-options.ts';

const SERVICE = 'Run a service';
const CREDENTIALS = 'Credentials on a server';
const PROXIES = 'Proxies here';
const INSIGHT = 'See and explain';

const LIFETIME_HELP = '12h, 7d, 90m; max = as long as allowed';

const STORAGE: CommandOption = {
  long: 'storage',
  value: 'DIR',
  help: 'storage directory, instead of the configured one',
  completes: 'directory',
};

/**
 * Every command. This table is read for the parser, the help texts and the completion scripts, so it imports nothing but data;
 * it is longer than a file should be because it is one list.
 */
export const COMMANDS: readonly CommandSpec[] = [
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
  {
    path: ['init'],
    group: CREDENTIALS,
    summary: 'store a credential: the server gets a proxy of its own, for a week',
    options: [
      ...CONNECTION,
      ...ACCOUNT,
      {
        short: 'c',
        long: 'lifetime',
        value: 'SPAN',
        help: `how long the stored credential lives; default 7d; ${LIFETIME_HELP}`,
      },
      {
        short: 't',
        long: 'proxy-lifetime',
        value: 'SPAN',
        help: `longest proxy that may be retrieved from it; default 12h; ${LIFETIME_HELP}`,
      },
      { short: 'K', long: 'description', value: 'TEXT', help: 'a note kept with it' },
      ...POLICIES,
      {
        short: 'n',
        long: 'no-pass-phrase',
        help: 'store it without a pass phrase, for renewal (-R) and trusted retrievers (-Z)',
      },
      ...IDENTITY,
      ...PASS_PHRASE,
    ],
    details:
      "Asks for the pass phrase of your own key, which stays here, and twice for a new MyProxy pass phrase, with which proxies can be retrieved. With --pass-phrase-stdin the key's comes first, if it has one. -R and -Z imply -n.",
    examples: [
      'latchkey init -l jane',
      'latchkey init -d -n -R wms.example.org',
      'latchkey init -k cron -c 30d -t 24h',
    ],
    load: async () => (await import('./init.ts')).init,
  },
  {
    path: ['logon'],
    group: CREDENTIALS,
    summary: 'retrieve a short-lived proxy',
    options: [
      ...CONNECTION,
      ...ACCOUNT,
      { short: 't', long: 'lifetime', value: 'SPAN', help: `default 12h; ${LIFETIME_HELP}` },
      {
        short: 'o',
        long: 'out',
        value: 'FILE',
        help: 'where the proxy goes; - is standard output; default X509_USER_PROXY, else /tmp/x509up_u<uid>',
        completes: 'file',
      },
      { short: 'n', long: 'no-pass-phrase', help: 'send none: you are a trusted retriever' },
      {
        short: 'a',
        long: 'renew',
        value: 'FILE',
        help: 'renew: prove with this proxy whose credential it is',
        completes: 'file',
      },
      {
        short: 'm',
        long: 'voms',
        value: 'VO,…',
        help: 'with attributes of a virtual organisation: VO, or VO:/vo/group/Role=name; of the server, or put below its proxy here',
      },
      { short: 'N', long: 'check-only', help: 'only see whether the server would let you' },
      { long: 'ec', help: 'an EC P-256 key; default RSA 2048' },
      { short: 'T', long: 'trust-roots', help: "fetch and install the server's trust roots too" },
      { short: 'b', long: 'bootstrap', help: 'trust this server from now on, on first use (implies -T)' },
      ...IDENTITY,
      ...PASS_PHRASE,
    ],
    examples: [
      'latchkey logon -l jane',
      'latchkey logon -l jane -t 2h -o job.pem --pass-phrase-file ~/.mp',
      'latchkey logon -d -a /tmp/x509up_u1000',
    ],
    load: async () => (await import('./logon.ts')).logon,
  },
  {
    path: ['info'],
    group: CREDENTIALS,
    summary: 'what you have stored under an account',
    options: [...CONNECTION, ...ACCOUNT, ...IDENTITY, ...PASS_PHRASE],
    load: async () => (await import('./info.ts')).info,
  },
  {
    path: ['destroy'],
    group: CREDENTIALS,
    summary: 'remove a stored credential from the server',
    options: [...CONNECTION, ...ACCOUNT, ...IDENTITY, ...PASS_PHRASE],
    load: async () => (await import('./destroy.ts')).destroy,
  },
  {
    path: ['passwd'],
    group: CREDENTIALS,
    summary: 'change the pass phrase of a stored credential',
    options: [
      ...CONNECTION,
      ...ACCOUNT,
      ...IDENTITY,
      ...PASS_PHRASE,
      {
        long: 'new-pass-phrase-file',
        value: 'FILE',
        help: 'read the new one from the first line of a file only you can read',
        completes: 'file',
      },
    ],
    details:
      'Asked for, in this order: the pass phrase of your own key if it is needed, the present one, the new one.',
    load: async () => (await import('./passwd.ts')).passwd,
  },
  {
    path: ['store'],
    group: CREDENTIALS,
    summary: 'upload a certificate with its key as it is (encrypted)',
    options: [
      ...CONNECTION,
      ...ACCOUNT,
      {
        short: 't',
        long: 'proxy-lifetime',
        value: 'SPAN',
        help: `longest proxy that may be retrieved from it; default 12h; ${LIFETIME_HELP}`,
      },
      { short: 'K', long: 'description', value: 'TEXT', help: 'a note kept with it' },
      ...POLICIES,
      { short: 'E', long: 'key-retrievable-by', value: 'NAME', help: 'who may retrieve certificate and key' },
      ...IDENTITY,
      ...PASS_PHRASE,
    ],
    load: async () => (await import('./store.ts')).store,
  },
  {
    path: ['retrieve'],
    group: CREDENTIALS,
    summary: 'fetch a stored certificate with its key',
    options: [
      ...CONNECTION,
      ...ACCOUNT,
      {
        long: 'out-cert',
        value: 'FILE',
        help: 'where the certificate goes; default usercert.pem here',
        completes: 'file',
      },
      {
        long: 'out-key',
        value: 'FILE',
        help: 'where the key goes; default userkey.pem here',
        completes: 'file',
      },
      { short: 'n', long: 'no-pass-phrase', help: 'send none: you are a trusted retriever' },
      { short: 'T', long: 'trust-roots', help: "fetch and install the server's trust roots too" },
      ...IDENTITY,
      ...PASS_PHRASE,
    ],
    load: async () => (await import('./retrieve.ts')).retrieve,
  },
  {
    path: ['trustroots'],
    group: CREDENTIALS,
    summary: "fetch the server's trust roots",
    options: [
      ...CONNECTION,
      { short: 'b', long: 'bootstrap', help: 'trust this server from now on, on first use' },
      { long: 'list', help: 'only say what there is, install nothing' },
    ],
    load: async () => (await import('./trustroots.ts')).trustroots,
  },
  {
    path: ['proxy', 'init'],
    group: PROXIES,
    summary: 'make a proxy from your own certificate',
    options: [
      { short: 't', long: 'lifetime', value: 'SPAN', help: `default 12h; ${LIFETIME_HELP}` },
      {
        short: 'o',
        long: 'out',
        value: 'FILE',
        help: 'default X509_USER_PROXY, else /tmp/x509up_u<uid>',
        completes: 'file',
      },
      {
        short: 'l',
        long: 'username',
        value: 'NAME',
        help: 'which user of the state here',
        completes: 'user',
      },
      { long: 'limited', help: 'a limited proxy: enough for data, not for starting jobs' },
      {
        long: 'kind',
        value: 'KIND',
        help: 'rfc3820 (default), draft or legacy',
        completes: ['rfc3820', 'draft', 'legacy'],
      },
      { long: 'path-length', value: 'N', help: 'how many further delegations it allows' },
      { long: 'ec', help: 'an EC P-256 key; default RSA 2048' },
      ...IDENTITY,
      ...PASS_PHRASE,
    ],
    load: async () => (await import('./proxy-init.ts')).proxyInit,
  },
  {
    path: ['proxy', 'info'],
    group: PROXIES,
    summary: 'whose proxy this is, of which kind, and how long it lasts',
    arguments: [
      {
        name: 'FILE',
        required: false,
        help: 'default X509_USER_PROXY, else /tmp/x509up_u<uid>',
        completes: 'file',
      },
    ],
    options: [
      { long: 'valid-for', value: 'SPAN', help: 'exit with 5 unless it lasts that long' },
      {
        long: 'trust',
        value: 'DIR',
        help: 'verify it against this trust directory; default: the usual one, if there is one',
        completes: 'directory',
      },
    ],
    load: async () => (await import('./proxy-info.ts')).proxyInfo,
  },
  {
    path: ['proxy', 'destroy'],
    group: PROXIES,
    summary: 'remove a proxy from this machine',
    arguments: [
      {
        name: 'FILE',
        required: false,
        help: 'default X509_USER_PROXY, else /tmp/x509up_u<uid>',
        completes: 'file',
      },
    ],
    options: [],
    load: async () => (await import('./proxy-destroy.ts')).proxyDestroy,
  },
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
  ...VOMS_COMMANDS,
  ...TOKEN_COMMANDS,
  ...CREDMON_COMMANDS,
  ...JOBS_COMMANDS,
  ...MACHINE_COMMANDS,
  ...LINKS_COMMANDS,
  ...NS_COMMANDS,
  ...VOMS_SERVICE_COMMANDS,
  ...MODELS_COMMANDS,
  ...WEB_COMMANDS,
  ...SESSION_COMMANDS,
];
