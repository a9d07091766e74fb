import type { CommandOption, CommandSpec } from './command-spec.ts';

const CREDMON = 'Tokens that follow the job';

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

const USER: CommandOption = {
  short: 'u',
  long: 'user',
  value: 'USER',
  help: 'only those of this local user',
};

/** `latchkey credmon …`. Data only, as every table of commands. */
export const CREDMON_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['credmon', 'run'],
    group: CREDMON,
    summary: 'the credential monitor itself, in the foreground',
    options: [
      ...MONITOR,
      {
        short: 'd',
        long: 'directory',
        value: 'DIR',
        help: 'credential directory, whatever is configured',
        completes: 'directory',
      },
      { short: 'l', long: 'log', value: 'FILE', help: 'log file; - is standard error', completes: 'file' },
      { short: 'v', long: 'verbose', help: 'logs more' },
    ],
    details:
      'SIGHUP has it look at the directory at once; SIGTERM, SIGINT and SIGQUIT end it. Under condor_master it runs as condor_credmon_oauth (latchkey link makes that name).',
    examples: ['latchkey credmon run --config /etc/latchkey/latchkey.toml --log -'],
    load: async () => (await import('./credmon-run.ts')).credmonRun,
  },
  {
    path: ['credmon', 'add'],
    group: CREDMON,
    summary: 'have a token kept that needs no login, as HTCondor has it when a job asks for one',
    arguments: [{ name: 'USER/NAME', help: 'local user, and the provider with its handle if any' }],
    options: MONITOR,
    details: 'Needs the rights of the monitor, which must be running. credmon remove ends it.',
    examples: ['latchkey credmon add jane/scitokens'],
    load: async () => (await import('./credmon-add.ts')).credmonAdd,
  },
  {
    path: ['credmon', 'remove'],
    group: CREDMON,
    summary: 'end that, or remove any other token that is kept',
    arguments: [{ name: 'USER/NAME', help: 'as in the list', completes: 'file' }],
    options: MONITOR,
    examples: ['latchkey credmon remove jane/scitokens'],
    load: async () => (await import('./credmon-add.ts')).credmonRemove,
  },
  {
    path: ['credmon', 'list'],
    group: CREDMON,
    summary: 'every credential that is kept, with the time it has left',
    options: [...MONITOR, USER, { long: 'problems', help: 'only those that fail or have ended' }],
    details:
      'Asks the running monitor, else reads its files. Needs the rights of the monitor; everybody sees their own credentials on its web page.',
    examples: ['latchkey credmon list', 'latchkey credmon list -u alice', 'latchkey credmon list --problems'],
    load: async () => (await import('./credmon-list.ts')).credmonList,
  },
  {
    path: ['credmon', 'explain'],
    group: CREDMON,
    summary: 'how a credential stands, why, when it is tried next, and what to do',
    arguments: [{ name: 'NAME', help: 'USER/NAME as in the list, or one of its files', completes: 'file' }],
    options: MONITOR,
    details:
      'Exit code 0: all is well. 1: valid, but not being renewed. 3: denied. 5: no token, or it has expired.',
    examples: [
      'latchkey credmon explain alice/mytokens_read',
      'latchkey credmon explain /var/lib/condor/oauth_credentials/alice/scitokens.use',
    ],
    load: async () => (await import('./credmon-explain.ts')).credmonExplain,
  },
  {
    path: ['credmon', 'renew'],
    group: CREDMON,
    summary: 'renew a credential now',
    arguments: [{ name: 'NAME', required: false, help: 'USER/NAME as in the list', completes: 'file' }],
    options: [...MONITOR, { ...USER, help: 'all of this local user, instead of NAME' }],
    examples: ['latchkey credmon renew alice/mytokens', 'latchkey credmon renew -u alice'],
    load: async () => (await import('./credmon-renew.ts')).credmonRenew,
  },
  {
    path: ['credmon', 'config'],
    group: CREDMON,
    summary: 'what is configured, where it is said, and what is wrong or doubtful',
    options: MONITOR,
    details: 'Exit code 6 when something is an error. docs/credmon-configuration.md has every key.',
    examples: ['latchkey credmon config', 'latchkey credmon config -c ./latchkey.toml'],
    load: async () => (await import('./credmon-config.ts')).credmonConfig,
  },
  {
    path: ['credmon', 'simulate'],
    group: CREDMON,
    summary: 'dry run: what the configuration would issue or ask for, and when',
    arguments: [{ name: 'PROVIDER', required: false, help: 'default: every provider that is named' }],
    options: [
      ...MONITOR,
      { ...USER, help: 'for this local user' },
      { long: 'span', value: 'SPAN', help: 'how far to look ahead; default 3h' },
    ],
    examples: [
      'latchkey credmon simulate -u alice',
      'latchkey credmon simulate -c ./condor_config scitokens',
    ],
    load: async () => (await import('./credmon-simulate.ts')).credmonSimulate,
  },
  {
    path: ['credmon', 'login'],
    group: CREDMON,
    summary: 'log a user in with a code for any browser, and store it',
    arguments: [{ name: 'PROVIDER', help: 'an OAuth provider of the configuration' }],
    options: [
      ...MONITOR,
      { ...USER, help: 'the local user whose login it becomes' },
      { long: 'handle', value: 'NAME', help: 'store it as PROVIDER_NAME' },
      { long: 'scopes', value: 'TEXT', help: 'letter by letter as the submit file has them' },
      { long: 'audience', value: 'TEXT', help: 'the same' },
    ],
    details:
      'The server must offer device codes (RFC 8628). Needs the rights of the monitor; users log in on its web page.',
    examples: ['latchkey credmon login mytokens -u alice --handle read --scopes read:/public'],
    load: async () => (await import('./credmon-login.ts')).credmonLogin,
  },
  {
    path: ['credmon', 'seal'],
    group: CREDMON,
    summary: 'put refresh tokens that are in the clear under the seal',
    options: MONITOR,
    details: "Not while the monitor runs. The key is in the monitor's state directory.",
    load: async () => (await import('./credmon-seal.ts')).credmonSeal,
  },
  {
    path: ['credmon', 'unseal'],
    group: CREDMON,
    summary: "take that seal off, before going back to HTCondor's own monitor",
    options: MONITOR,
    details: 'Not while the monitor runs.',
    load: async () => (await import('./credmon-seal.ts')).credmonUnseal,
  },
];
