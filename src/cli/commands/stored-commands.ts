import type { CommandSpec } from './command-spec.ts';
import { ACCOUNT, CONNECTION, IDENTITY, LIFETIME_HELP, PASS_PHRASE, POLICIES } from './shared-options.ts';

const CREDENTIALS = 'Credentials on a server';

/** `latchkey init`, `logon` and what else is asked of a MyProxy server. Data only, as every table of commands. */
export const STORED_COMMANDS: readonly CommandSpec[] = [
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
];
