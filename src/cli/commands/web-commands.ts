import type { CommandOption, CommandSpec } from './command-spec.ts';

const WEB = 'Tokens that follow the job';

/** Which monitor. */
const MONITOR: readonly CommandOption[] = [
  {
    short: 'c',
    long: 'config',
    value: 'FILE',
    help: "HTCondor's configuration, or a latchkey.toml; default CONDOR_CONFIG, else the .latchkey state here, else /etc/condor/condor_config",
    completes: 'file',
  },
  { short: 'n', long: 'name', value: 'NAME', help: 'name of the daemon there; default CREDMON_OAUTH' },
];

/** `latchkey web …`. Data only, as every table of commands. */
export const WEB_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['web', 'code'],
    group: WEB,
    summary: 'a one-time code that proves on the web page who you are on this host',
    options: [
      {
        long: 'directory',
        value: 'DIR',
        help: "the page's sign-in directory; default that of the state here, else /run/latchkey/sign-in",
        completes: 'directory',
      },
    ],
    details: 'Works for five minutes and once. Run it as yourself on the host where you submit jobs.',
    load: async () => (await import('./web-code.ts')).webCode,
  },
  {
    path: ['web', 'accounts'],
    group: WEB,
    summary: 'which account each local user has logged in with',
    options: [...MONITOR],
    details:
      'The first login of a local user at a provider is remembered; later ones must be with the same account.',
    load: async () => (await import('./web-accounts.ts')).webAccounts,
  },
  {
    path: ['web', 'forget-account'],
    group: WEB,
    summary: 'let a local user log in with another account next time',
    arguments: [{ name: 'USER', help: 'local user' }],
    options: [
      ...MONITOR,
      { long: 'provider', value: 'NAME', help: 'only the account at this provider; default all of them' },
    ],
    examples: ['latchkey web forget-account alice --provider mytokens'],
    load: async () => (await import('./web-accounts.ts')).webForgetAccount,
  },
];
