import type { CommandOption, CommandSpec } from './command-spec.ts';
import { EC2 } from './ec2-options.ts';
import { MACHINE } from './machine-options.ts';

const JOBS = 'Jobs on other machines';

const URL_HELP = 'local://, ssh://user@host, slurm+ssh://host?queue=debug, …; docs/jobs.md has them all';
const ID_HELP = '[URL]-[ID], as run and jobs list print it; quote it';

const SANDBOXES: CommandOption = {
  long: 'sandboxes',
  value: 'DIR',
  help: 'where jobs keep their files there; default .latchkey/jobs below the login directory',
};

/** `latchkey run` and `latchkey jobs …`. Data only, as every table of commands. */
export const JOBS_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['run'],
    group: JOBS,
    summary: 'run a command on another machine or through its scheduler, and see its output',
    arguments: [
      { name: 'URL', help: URL_HELP },
      {
        name: 'COMMAND...',
        required: false,
        help: 'the program and its arguments, after --; each arrives as it is',
      },
    ],
    options: [
      {
        short: 'd',
        long: 'description',
        value: 'FILE',
        help: 'a job description (JSON); what is given here comes before it',
        completes: 'file',
      },
      { long: 'name', value: 'NAME', help: 'a name for people' },
      { long: 'queue', value: 'QUEUE', help: 'queue or partition' },
      { long: 'project', value: 'PROJECT', help: 'account' },
      { long: 'time', value: 'SPAN', help: 'wall time limit: 90m, 2h; rounded up to whole minutes' },
      { long: 'cores', value: 'COUNT', help: 'cores, for the whole job' },
      { long: 'memory', value: 'MB', help: 'memory, for the whole job' },
      { long: 'proxy', value: 'FILE', help: 'an X.509 proxy that follows the job', completes: 'file' },
      { long: 'token', value: 'FILE', help: 'a bearer token that follows the job', completes: 'file' },
      { long: 'detach', help: 'print the id when it is submitted, and leave it alone' },
      { long: 'stdin', help: 'pass standard input on also from a terminal, or with --detach' },
      { long: 'no-stdin', help: 'leave standard input alone, as ssh -n does' },
      { long: 'keep', help: 'leave its sandbox there; default: it goes when all of it was seen here' },
      SANDBOXES,
      ...MACHINE,
      ...EC2,
    ],
    details:
      "Ends with the command's exit code, or 128 and the number of the signal that ended it. Interrupted, it cancels the job and ends with 128 and the number of the signal. Standard input is passed on as it comes; for a scheduler it is read to its end before the job is submitted, 4 GiB at most. Nothing is read from a terminal, with --detach, or when a description names a file as input. With --json its outputs are in the document, the first 4 MiB of each. Files of --proxy and --token are read again in time, as long as this runs. With ec2:// a machine is started for it, in the account of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and ended with it.",
    examples: [
      'latchkey run local:// -- echo "a  b"',
      'latchkey run --time 2h slurm+ssh://login.example.org -- ./simulate --steps 1000',
      'latchkey run --detach -d job.json ssh://host',
      'latchkey run --image ami-0abc --instance-type t3.micro --allow-from 192.0.2.7 --key-name work -i ~/.ssh/id_ed25519 --login admin ec2:// -- ./analyse',
    ],
    load: async () => (await import('./job-run.ts')).jobRun,
  },
  {
    path: ['jobs', 'list'],
    group: JOBS,
    summary: 'your jobs at a service, and how they stand',
    arguments: [{ name: 'URL', help: URL_HELP }],
    options: [SANDBOXES, ...MACHINE],
    examples: ['latchkey jobs list slurm+ssh://login.example.org'],
    load: async () => (await import('./jobs-list.ts')).jobsList,
  },
  {
    path: ['jobs', 'show'],
    group: JOBS,
    summary: 'all that is known of one job',
    arguments: [{ name: 'ID', help: ID_HELP }],
    options: [SANDBOXES, ...MACHINE],
    examples: ["latchkey jobs show '[slurm+ssh://login.example.org]-[4711]'"],
    load: async () => (await import('./jobs-show.ts')).jobsShow,
  },
  {
    path: ['jobs', 'cancel'],
    group: JOBS,
    summary: 'end a job',
    arguments: [{ name: 'ID', help: ID_HELP }],
    options: [SANDBOXES, ...MACHINE],
    load: async () => (await import('./jobs-show.ts')).jobsCancel,
  },
  {
    path: ['jobs', 'follow'],
    group: JOBS,
    summary: "see a job's output until it ends",
    arguments: [{ name: 'ID', help: ID_HELP }],
    options: [
      {
        short: 'd',
        long: 'description',
        value: 'FILE',
        help: 'its job description again: the files that it names are fetched at the end',
        completes: 'file',
      },
      SANDBOXES,
      ...MACHINE,
    ],
    details:
      "Ends with the job's exit code, or 128 and the number of the signal that ended it. Interrupted, it leaves the job alone.",
    load: async () => (await import('./jobs-show.ts')).jobsFollow,
  },
  {
    path: ['jobs', 'remove'],
    group: JOBS,
    summary: 'remove what a job that has ended, or vanished, left there',
    arguments: [{ name: 'ID', help: ID_HELP }],
    options: [SANDBOXES, ...MACHINE],
    details:
      'Its outputs and files there are lost, and nobody knows the job then. One that may still run is refused; one that nobody knows any more is waited for, half a minute, in case it is found again.',
    examples: ["latchkey jobs remove '[ssh://login.example.org]-[lk-469d51e0ed08e47af0]'"],
    load: async () => (await import('./jobs-show.ts')).jobsRemove,
  },
];
