import type { CommandSpec } from './command-spec.ts';
import { IDENTITY, PASS_PHRASE } from './shared-options.ts';

const MEMBERSHIP = 'Membership in virtual organisations';

/** `latchkey voms init` and `latchkey voms serve`. Data only, as every table of commands. */
export const VOMS_SERVICE_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['voms', 'init'],
    group: MEMBERSHIP,
    summary: 'a proxy with attributes of a virtual organisation',
    arguments: [
      { name: 'VO...', help: 'organisation, or VO:/vo/group/Role=name, VO:all; roles come only when named' },
    ],
    options: [
      { long: 'lifetime', value: 'SPAN', help: 'of proxy and attributes: 12h (default), 90m' },
      {
        long: 'attributes-lifetime',
        value: 'SPAN',
        help: 'of the attributes, when it differs; max = as long as allowed',
      },
      {
        long: 'dress',
        help: 'do not make a proxy of your certificate, but put one below the proxy you have',
      },
      { long: 'order', value: 'FQAN,…', help: 'what shall come first among the attributes' },
      { long: 'target', value: 'HOST,…', help: 'hosts that alone may accept the attributes' },
      { long: 'limited', help: 'a limited proxy: no jobs can be started with it' },
      {
        long: 'vomses',
        value: 'PATH',
        help: 'file or directory that names the servers; default ~/.voms/vomses, ~/.glite/vomses, /etc/vomses',
        completes: 'file',
      },
      {
        short: 'o',
        long: 'out',
        value: 'FILE',
        help: 'where it goes; default X509_USER_PROXY, else /tmp/x509up_u<uid>',
        completes: 'file',
      },
      { long: 'trust', value: 'DIR', help: 'trust directory', completes: 'directory' },
      ...IDENTITY,
      ...PASS_PHRASE,
    ],
    details:
      'Every server of an organisation is tried, in random order, until one gives attributes that are yours and properly signed. When proxy and attributes do not end together, both times are told.',
    examples: ['latchkey voms init atlas', 'latchkey voms init atlas:/atlas/Role=production --dress'],
    load: async () => (await import('./voms-init.ts')).vomsInit,
  },
  {
    path: ['voms', 'serve'],
    group: MEMBERSHIP,
    summary: 'an attribute authority: gives the members of an organisation their attributes',
    arguments: [{ name: 'MEMBERSHIP', help: 'membership file (TOML)', completes: 'file' }],
    options: [
      { long: 'listen', value: 'HOST', help: 'address to listen on; default every address' },
      { short: 'p', long: 'port', value: 'PORT', help: 'default 15000' },
      {
        long: 'host-name',
        value: 'NAME',
        help: 'how clients call it; default the first host name of its certificate',
      },
      {
        long: 'cert',
        value: 'FILE',
        help: 'its certificate; default the host certificate, as for the MyProxy server',
        completes: 'file',
      },
      { long: 'key', value: 'FILE', help: 'the key of it; default: the same file', completes: 'file' },
      { long: 'trust', value: 'DIR', help: 'trust directory for clients', completes: 'directory' },
      { long: 'audit', value: 'FILE', help: 'one JSON line for each request', completes: 'file' },
      { long: 'log', value: 'FILE', help: 'the running log; default standard error', completes: 'file' },
    ],
    details:
      'Answers the C++, Java and ARC clients, in both interfaces of VOMS. Prints the vomses line and the LSC file that clients and services need. SIGHUP reads the membership file again (a change is noticed by itself); ^C ends.',
    examples: ['latchkey voms serve testvo.toml --port 15000'],
    load: async () => (await import('./voms-serve.ts')).vomsServe,
  },
];
