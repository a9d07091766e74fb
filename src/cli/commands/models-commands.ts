import type { CommandOption, CommandSpec } from './command-spec.ts';
import { MACHINE } from './machine-options.ts';

const MODELS = 'Remote applications';

const PLACE: readonly CommandOption[] = [
  {
    short: 'D',
    long: 'directory',
    value: 'DIR',
    help: "the server's directory on this machine; default models in the state directory",
    completes: 'directory',
  },
];
/** Which model server, wherever it runs. */
const CLIENT: readonly CommandOption[] = [
  ...PLACE,
  { long: 'name', value: 'NAME', help: 'a server somewhere else, by its name in the registry' },
  {
    long: 'ns',
    value: 'ADDRESS',
    help: 'where that registry is; default MUPIF_NS, its files, else 127.0.0.1:9090',
  },
  { long: 'uri', value: 'URI', help: 'or by its URI: PYRO:NAME@HOST:PORT, PYRO:NAME@./u:PATH' },
  { long: 'key-file', value: 'FILE', help: 'the key of that server; default MUPIF_HKEY', completes: 'file' },
  {
    long: 'machine',
    value: 'HOST',
    help: 'its machine, which is logged in to by SSH: host, user@host:port; the URI is as it is there',
  },
  {
    short: 'c',
    long: 'config',
    value: 'FILE',
    help: 'all of this from a settings file under the old names, which is read and never run',
    completes: 'file',
  },
  {
    short: 'm',
    long: 'mode',
    value: 'MODE',
    help: 'with it: 0 all on this machine (default), 1 through SSH, 2 inside a VPN',
    completes: ['0', '1', '2', '3'],
  },
  ...MACHINE,
];

/** `latchkey models …`. Data only, as every table of commands. */
export const MODELS_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['models', 'run'],
    group: MODELS,
    summary: 'run a model server: starts a job for each client that asks for one',
    arguments: [
      { name: 'COMMAND...', required: false, help: 'after --: the program that is a job, and its arguments' },
    ],
    options: [
      {
        short: 'c',
        long: 'config',
        value: 'FILE',
        help: 'latchkey.toml with [models], or a settings file under the old names, which is read and never run',
        completes: 'file',
      },
      {
        short: 'm',
        long: 'mode',
        value: 'MODE',
        help: 'with old settings: 0 all on this machine (default), 1 through SSH, 2 inside a VPN',
        completes: ['0', '1', '2', '3'],
      },
      {
        long: 'class',
        value: 'MODULE#EXPORT',
        help: 'a class that is a job, in place of a command',
        completes: 'file',
      },
      { long: 'name', value: 'NAME', help: 'what the server is called; default Models@HOST' },
      { long: 'listen', value: 'PLACE', help: 'unix:PATH or HOST:PORT; default a socket in its directory' },
      { long: 'ns', value: 'ADDRESS', help: 'register at this registry: host:port, [IPv6]:port or ./u:path' },
      { long: 'max-jobs', value: 'COUNT', help: 'how many jobs run at the same time; default 4' },
      {
        long: 'key-file',
        value: 'FILE',
        help: 'the key that clients must know; default one is made',
        completes: 'file',
      },
      {
        long: 'host',
        value: 'URL',
        help: 'jobs run there: slurm://localhost?queue=short, slurm+ssh://HOST, ssh://HOST, as latchkey run takes it',
      },
      { long: 'time', value: 'SPAN', help: 'with --host: wall time limit of a job, such as 90m, 2h' },
      { long: 'cores', value: 'COUNT', help: 'with --host: cores of a job' },
      { long: 'memory', value: 'MB', help: 'with --host: memory of a job' },
      {
        short: 'd',
        long: 'description',
        value: 'FILE',
        help: 'with --host: what else is asked of the scheduler, a job description (JSON) without its program',
        completes: 'file',
      },
      {
        long: 'proxy',
        value: 'FILE',
        help: 'with --host: an X.509 proxy that follows each job',
        completes: 'file',
      },
      {
        long: 'token',
        value: 'FILE',
        help: 'with --host: a bearer token that follows each job',
        completes: 'file',
      },
      ...PLACE,
      ...MACHINE,
    ],
    details:
      'Stays in the foreground. Jobs end with it; those of a server that was killed are found and kept. With --host they are jobs of a batch system, or of another machine: an allocation then takes as long as its queue does. docs/model-server.md says how a program becomes a model.',
    examples: [
      'latchkey models run --class ./thermal.mjs#Thermal',
      'latchkey models run --name Mupif.JobManager@Example -- python3 thermal.py',
      'latchkey models run -c Config.py -m 1 -- python3 thermal.py',
      "latchkey models run --host 'slurm://localhost?queue=short' --time 2h -- python3 thermal.py",
    ],
    load: async () => (await import('./models-run.ts')).modelsRun,
  },
  {
    path: ['models', 'status'],
    group: MODELS,
    summary: "a model server's jobs, and its free slots",
    options: [...CLIENT, { long: 'watch', help: 'again every second, until q or ^C' }],
    examples: ['latchkey models status --watch', 'latchkey models status -c Config.py -m 1'],
    load: async () => (await import('./models-status.ts')).modelsStatus,
  },
  {
    path: ['models', 'test'],
    group: MODELS,
    summary: 'allocate a job, talk to it, and end it again; says how long that took',
    options: [...CLIENT, { short: 'd', long: 'debug', help: 'say each step' }],
    details: 'No job is left behind, whatever fails; the exit code is 0 only if all of it worked, for cron.',
    examples: ['latchkey models test -d --name Mupif.JobManager@Example --machine jane@thermal.example.org'],
    load: async () => (await import('./models-test.ts')).modelsTest,
  },
  {
    path: ['models', 'logs'],
    group: MODELS,
    summary: 'what a job says',
    arguments: [{ name: 'JOB', help: 'its id, as models status shows it' }],
    options: [
      ...PLACE,
      { short: 'f', long: 'follow', help: 'go on until the job ends' },
      { short: 'n', long: 'lines', value: 'COUNT', help: 'how many of its last lines; default 50' },
    ],
    load: async () => (await import('./models-logs.ts')).modelsLogs,
  },
  {
    path: ['models', 'drain'],
    group: MODELS,
    summary: 'take no more jobs, and wait until those that run have ended',
    options: [
      ...PLACE,
      { long: 'no-wait', help: 'do not wait' },
      { long: 'resume', help: 'take jobs again' },
    ],
    load: async () => (await import('./models-stop.ts')).modelsDrain,
  },
  {
    path: ['models', 'stop'],
    group: MODELS,
    summary: 'end a model server; not while jobs run, unless you say what becomes of them',
    arguments: [{ name: 'JOB', required: false, help: 'end this job instead, and let the server be' }],
    options: [
      ...PLACE,
      { long: 'force', help: 'the jobs end too' },
      { long: 'leave-jobs', help: 'the jobs go on, for the next server on this directory' },
    ],
    load: async () => (await import('./models-stop.ts')).modelsStop,
  },
  {
    path: ['models', 'serve'],
    group: MODELS,
    summary: 'what a model server runs for a job that is a class; of no use by hand',
    arguments: [
      { name: 'MODULE', help: 'the module', completes: 'file' },
      { name: 'EXPORT', help: 'the class in it' },
    ],
    options: [],
    load: async () => (await import('./models-serve.ts')).modelsServe,
  },
  {
    path: ['models', 'warden'],
    group: MODELS,
    summary: 'what a model server leaves behind to end jobs that nobody wants; of no use by hand',
    arguments: [
      { name: 'DIR', help: "the server's directory", completes: 'directory' },
      { name: 'GRACE', help: 'seconds without a server and a client' },
      { name: 'STOP', help: 'seconds between TERM and KILL' },
    ],
    options: [],
    load: async () => (await import('./models-warden.ts')).modelsWarden,
  },
];
