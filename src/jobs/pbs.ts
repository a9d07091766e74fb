import type { CommandResult } from '../ssh/index.ts';
import type { BatchRequest } from './batch-request.ts';
import type { BatchCommand, BatchStatus, BatchSystem } from './batch-system.ts';
import { directiveValue, hoursMinutes } from './directive.ts';
import { handOver } from './hand-over.ts';
import { knownTime } from './known-time.ts';
import { type Layout, layoutOf } from './layout.ts';
import { type PbsJob, parsePbsReport } from './pbs-report.ts';
import { PBS_KILLS, PBS_STATES, PBS_TERMINATED } from './pbs-states.ts';
import { schedulerFailure } from './scheduler-failure.ts';
import { shellWord } from './shell-word.ts';
import { saidOf } from './state-meaning.ts';

/** PBS Pro and OpenPBS, by qsub, qstat, qselect, qdel and qsig. Written from their documented output: never tried with a real one. */
export const pbsPro: BatchSystem = pbs({
  kind: 'pbspro',
  places: proPlaces,
  arrayOption: 'J',
  taskVariable: 'PBS_ARRAY_INDEX',
  // Jobs that have ended too, where the server keeps them.
  history: ['-x'],
});

/** Torque; written from its documented output: never tried with a real one. */
export const torque: BatchSystem = pbs({
  kind: 'torque',
  places: torquePlaces,
  arrayOption: 't',
  taskVariable: 'PBS_ARRAYID',
  history: [],
});

interface Dialect {
  readonly kind: 'pbspro' | 'torque';
  /** Values of `-l` that ask for hosts, cores, memory and GPUs. */
  places(request: BatchRequest, layout: Layout | undefined): readonly string[];
  readonly arrayOption: string;
  readonly taskVariable: string;
  readonly history: readonly string[];
}

function pbs(dialect: Dialect): BatchSystem {
  const { kind, history, arrayOption, taskVariable } = dialect;
  const mine = `ids=$(qselect ${history.join(' ')} -u "$(id -un)") || exit`;
  return {
    name: kind,
    unsupported: [],

    script(request) {
      const lines = options(request, dialect).map(
        ([option, value]) => `#PBS -${option} ${directiveValue(option, value)}`,
      );
      const array = request.arraySize === undefined ? [] : arrayLines(arrayOption, request.arraySize);
      const given = (request.directives ?? []).map((line) => `#PBS ${directiveValue('directives', line)}`);
      const start = `cd ${shellWord(request.directory)} || exit`;
      return `${['#!/bin/sh', '#PBS -S /bin/sh', ...lines, ...array, ...given, start, ...handOver(request, WHOLE_ID, `"\${${taskVariable}:-1}"`)].join('\n')}\n`;
    },

    submit: ({ outputPath, errorPath }, scriptPath) => ({
      // On the command line they need no quoting that its directives do not have.
      argv: ['qsub', '-o', outputPath, '-e', errorPath, scriptPath],
    }),

    parseSubmit(result) {
      const id = /^(\d+(?:\[\])?(?:\.[\w.-]+)?)\s*$/m.exec(result.stdout.toString('utf8'))?.[1];
      if (result.exitCode !== 0 || id === undefined) throw schedulerFailure('qsub', result, SILENCE);
      return id;
    },

    findByTag: () => shell(`${mine}; [ -z "$ids" ] || exec qstat ${[...history, '-f'].join(' ')} $ids`),
    parseFound: (result, tag) => [
      ...new Set(
        jobsOf(result)
          .filter(({ attributes }) => variables(attributes).includes(`${TAG}=${tag}`))
          .map(({ id }) => wholeId(id)),
      ),
    ],

    query: (ids) => ({ argv: ['qstat', ...history, '-f', '-t', ...ids], env: ENV }),
    parseQuery: (result) => statuses(kind, jobsOf(result)),

    cancel: (ids) => ({ argv: ['qdel', ...ids], env: ENV }),
    signal: (ids, signal) => ({ argv: ['qsig', '-s', signal, ...ids], env: ENV }),
    parseControl(result) {
      if (result.exitCode !== 0 && !isAllUnknown(result))
        throw schedulerFailure('qdel or qsig', result, SILENCE);
    },

    list: () => shell('exec qselect -u "$(id -un)"'),
    parseList(result) {
      if (result.exitCode !== 0) throw schedulerFailure('qselect', result, SILENCE);
      return result.stdout.toString('utf8').split(/\s+/).filter(Boolean);
    },
  };
}

/** Where the tag is: jobs have no comment that their user can set, and the name is the user’s. */
const TAG = 'LATCHKEY_TAG';
/** Times are printed in the zone of who asks, without naming it. */
const ENV = { TZ: 'UTC', LC_ALL: 'C' };
const SILENCE =
  /cannot connect|connection refused|timed? ?out|communication failure|no such server|end of file/i;
const UNKNOWN = /unknown job id|has finished|job.*not found/i;
/** Of a task of an array, `12[3].server`, the whole: `12[].server`. */
const WHOLE_ID = `"$(printf %s "$PBS_JOBID" | sed 's/\\[[0-9]*\\]/[]/')"`;

function shell(text: string): BatchCommand {
  return { argv: ['/bin/sh', '-c', text], env: ENV };
}

function options(request: BatchRequest, dialect: Dialect): readonly (readonly [string, string])[] {
  const { project, queue, wallTimeMinutes, jobContact } = request;
  const all: readonly (readonly [string, string | undefined])[] = [
    ['N', cleanName(request.name ?? 'job')],
    ['v', `${TAG}=${request.tag}`],
    ...dialect.places(request, layoutOf(request)).map((value) => ['l', value] as const),
    ['l', wallTimeMinutes === undefined ? undefined : `walltime=${hoursMinutes(wallTimeMinutes)}`],
    ['q', queue],
    ['A', project],
    ['P', dialect.kind === 'pbspro' ? project : undefined],
    ['M', jobContact?.join(',')],
    ['m', jobContact === undefined ? undefined : 'ae'],
  ];
  return all.flatMap(([option, value]) => (value === undefined ? [] : [[option, value] as const]));
}

/** PBS Pro refuses an array of one. */
function arrayLines(option: string, size: number): readonly string[] {
  return size === 1 ? [] : [`#PBS -${option} 1-${size}`];
}

/** Fifteen characters, the first a letter: what every version takes. */
function cleanName(name: string): string {
  return name
    .replace(/[^A-Za-z0-9_.-]/g, '_')
    .replace(/^(?![A-Za-z])/, 'j')
    .slice(0, 15);
}

/** Chunks: `select=2:ncpus=8:mpiprocs=4:mem=500mb`. */
function proPlaces(request: BatchRequest, layout: Layout | undefined): readonly string[] {
  const { totalPhysicalMemoryMegabytes: memory, totalGpuCount: gpus, candidateHosts: named } = request;
  if (layout === undefined && memory === undefined && gpus === undefined && named === undefined) return [];
  const processes = layout?.processes ?? 1;
  const chunks = named?.length ?? layout?.hosts ?? processes;
  const each = Math.ceil(processes / chunks);
  const chunk = [
    `ncpus=${each * (layout?.threads ?? 1)}`,
    `mpiprocs=${each}`,
    ...(memory === undefined ? [] : [`mem=${Math.ceil(memory / chunks)}mb`]),
    ...(gpus === undefined ? [] : [`ngpus=${Math.ceil(gpus / chunks)}`]),
  ].join(':');
  if (named === undefined) return [`select=${chunks}:${chunk}`];
  return [`select=${named.map((host) => `1:${chunk}:host=${host}`).join('+')}`];
}

/** Nodes: `nodes=2:ppn=8`, `mem=1000mb`. */
function torquePlaces(request: BatchRequest, layout: Layout | undefined): readonly string[] {
  const { totalPhysicalMemoryMegabytes: memory, totalGpuCount: gpus, candidateHosts: named } = request;
  const hosts = named?.length ?? layout?.hosts;
  const each = Math.ceil((layout?.cores ?? 1) / (hosts ?? 1));
  const gpu = gpus === undefined ? '' : `:gpus=${Math.ceil(gpus / (hosts ?? 1))}`;
  const nodes = (): readonly string[] => {
    if (named !== undefined) return [`nodes=${named.map((host) => `${host}:ppn=${each}${gpu}`).join('+')}`];
    if (hosts !== undefined || gpus !== undefined) return [`nodes=${hosts ?? 1}:ppn=${each}${gpu}`];
    return layout === undefined ? [] : [`procs=${layout.cores}`];
  };
  return [...nodes(), ...(memory === undefined ? [] : [`mem=${memory}mb`])];
}

/** @throws LatchkeyError `jobs/scheduler` unless it answered; that ids are unknown is an answer */
function jobsOf(result: CommandResult): readonly PbsJob[] {
  if (result.exitCode !== 0 && !isAllUnknown(result)) throw schedulerFailure('qstat', result, SILENCE);
  return parsePbsReport(result.stdout.toString('utf8'));
}

function isAllUnknown({ stderr }: CommandResult): boolean {
  const said = stderr
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return said.length > 0 && said.every((line) => UNKNOWN.test(line));
}

function statuses(kind: Dialect['kind'], jobs: readonly PbsJob[]): readonly BatchStatus[] {
  const withTasks = new Set(jobs.filter(({ id }) => taskOf(id) !== undefined).map(({ id }) => wholeId(id)));
  // The line of a whole array says less than those of its tasks.
  return jobs
    .filter(({ id }) => taskOf(id) !== undefined || !withTasks.has(id))
    .map((job) => statusOf(kind, job));
}

function statusOf(kind: Dialect['kind'], { id, attributes }: PbsJob): BatchStatus {
  const native = attributes.get('job_state') ?? '';
  const task = taskOf(id);
  const hasEnded = Object.hasOwn(PBS_STATES, native) && PBS_STATES[native] === undefined;
  const hosts = attributes.get('exec_host');
  const ended = time(attributes.get('obittime') ?? attributes.get('comp_time') ?? attributes.get('mtime'));
  return {
    id: wholeId(id),
    ...(task === undefined ? {} : { tasks: [task] }),
    ...(hasEnded ? ending(kind, attributes) : (saidOf(PBS_STATES, native) ?? { state: 'Unknown' })),
    native,
    submittedAt: time(attributes.get('ctime')),
    startedAt: time(attributes.get('stime') ?? attributes.get('start_time')),
    endedAt: hasEnded ? ended : undefined,
    hosts:
      hosts === undefined ? undefined : [...new Set(hosts.split('+').map((one) => one.split('/')[0] ?? one))],
  };
}

function ending(
  kind: Dialect['kind'],
  attributes: PbsJob['attributes'],
): Pick<BatchStatus, 'state' | 'reason' | 'exitCode' | 'signal'> {
  if (attributes.get('substate') === PBS_TERMINATED)
    return { state: 'Canceled', reason: 'cancelled-by-user' };
  const text = attributes.get('exit_status') ?? '';
  if (!/^-?\d+$/.test(text)) return { state: 'Unknown' };
  const status = Number(text);
  if (status === 0) return { state: 'Done', exitCode: 0 };
  if (status < 0) return { state: 'Failed', reason: PBS_KILLS[kind][text] ?? 'submit-failed' };
  // 256 + n when signal n ended it; the shell of the script itself tells 128 + n.
  const signal = status > 256 ? status - 256 : status > 128 && status < 256 ? status - 128 : undefined;
  return signal === undefined
    ? { state: 'Failed', reason: 'non-zero-exit', exitCode: status }
    : { state: 'Failed', reason: 'killed-by-signal', signal };
}

function taskOf(id: string): number | undefined {
  const index = /^\d+\[(\d+)\]/.exec(id)?.[1];
  return index === undefined ? undefined : Number(index);
}

function wholeId(id: string): string {
  return id.replace(/^(\d+)\[\d+\]/, '$1[]');
}

function variables(attributes: PbsJob['attributes']): readonly string[] {
  return (attributes.get('variable_list') ?? '').split(',');
}

/** `Sun Nov 22 13:04:26 2026`; some versions of Torque print seconds since the epoch. */
function time(text: string | undefined): Date | undefined {
  const at = /^\d+$/.test(text ?? '') ? Number(text) * 1000 : Date.parse(`${text} UTC`);
  return knownTime(at);
}
