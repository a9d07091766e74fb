import type { CommandSpec } from './command-spec.ts';
import { IDENTITY, LIFETIME_HELP, PASS_PHRASE } from './shared-options.ts';

const PROXIES = 'Proxies here';

/** `latchkey proxy …`. Data only, as every table of commands. */
export const PROXY_COMMANDS: readonly CommandSpec[] = [
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
];
