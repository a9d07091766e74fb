import { LatchkeyError } from '../kit/index.ts';
import type { CommandResult } from '../ssh/index.ts';
import type { BatchRequest } from './batch-request.ts';
import type { BatchCommand, BatchStatus, BatchSystem } from './batch-system.ts';
import { directiveValue, hoursMinutes } from './directive.ts';
import { FAILED_CODES, gridEngineState } from './grid-engine-states.ts';
import { handOver } from './hand-over.ts';
import { knownTime } from './known-time.ts';
import { layoutOf } from './layout.ts';
import { schedulerFailure } from './scheduler-failure.ts';

/** Grid Engine, by qsub, qstat, qacct, qdel and qmod; tried with 8.1.9. */
export const gridEngine: BatchSystem = {
  name: 'sge',
  unsupported: ['totalGpuCount', 'processesPerHost'],

  script(request) {
    const lines = options(request).map(([option, value]) => `#$ -${option} ${directiveValue(option, value)}`);
    const given = (request.directives ?? []).map((line) => `#$ ${directiveValue('directives', line)}`);
    return `${['#!/bin/sh', '#$ -S /bin/sh', ...lines, ...given, ...handOver(request, '"$JOB_ID"', '"$SGE_TASK_ID"')].join('\n')}\n`;
  },

  submit: ({ directory, outputPath, errorPath }, scriptPath) => ({
    // A path may have a host before its colon.
    argv: ['qsub', '-terse', '-wd', directory, '-o', `:${outputPath}`, '-e', `:${errorPath}`, scriptPath],
  }),

  parseSubmit(result) {
    // "4", of an array "4.1-3:1"
    const id = /^(\d+)(?:\.\d+-\d+:\d+)?\s*$/m.exec(result.stdout.toString('utf8'))?.[1];
    if (result.exitCode !== 0 || id === undefined) throw schedulerFailure('qsub', result, SILENCE);
    return id;
  },

  findByTag: () => MINE,
  parseFound: (result, tag) => unique(jobs(result).filter((job) => job.name.endsWith(`.${tag}`))),

  query: () => MINE,
  parseQuery: (result) => jobs(result).map(statusOfJob),

  accounting: {
    // It takes one id at a time.
    query: (ids) => ({
      argv: ['/bin/sh', '-c', 'for id; do qacct -j "$id" || :; done', 'qacct', ...ids],
      env: ENV,
    }),
    parse(result) {
      const said = result.stderr
        .toString('utf8')
        .split('\n')
        .filter((line) => line.trim() !== '');
      if (said.some((line) => !/job id \S+ not found|no jobs running since startup/.test(line))) {
        throw schedulerFailure('qacct', result, SILENCE);
      }
      return result.stdout.toString('utf8').split(/^=+$/m).flatMap(statusOfAccount);
    },
  },

  cancel: (ids) => ({ argv: ['qdel', ...ids] }),
  suspend: (ids) => ({ argv: ['qmod', '-sj', ...ids] }),
  resume: (ids) => ({ argv: ['qmod', '-usj', ...ids] }),
  parseControl(result) {
    if (result.exitCode === 0 || /does not exist/.test(result.stdout.toString('utf8'))) return;
    throw schedulerFailure('qdel or qmod', result, SILENCE);
  },

  list: () => MINE,
  parseList: (result) => unique(jobs(result)),
};

/** English words, and times as UTC: they are written without a zone. */
const ENV = { TZ: 'UTC', LC_ALL: 'C' };
const MINE: BatchCommand = { argv: ['/bin/sh', '-c', 'exec qstat -xml -u "$(id -un)"'], env: ENV };
const SILENCE = /commlib|unable to (?:contact|send|receive)|connection refused|timed? ?out/i;

function options(request: BatchRequest): readonly (readonly [string, string])[] {
  const layout = layoutOf(request);
  const cores = layout?.cores ?? 1;
  const memory = request.totalPhysicalMemoryMegabytes;
  const environment = /^openmp$/i.test(request.spmdVariation ?? 'openmp') ? 'smp' : request.spmdVariation;
  const needsPlaces = cores > 1 || environment !== 'smp';
  const all: readonly (readonly [string, string | undefined])[] = [
    ['N', `${cleanName(request.name ?? 'job')}.${request.tag}`],
    [
      'l',
      request.wallTimeMinutes === undefined ? undefined : `h_rt=${hoursMinutes(request.wallTimeMinutes)}`,
    ],
    // For each slot.
    ['l', memory === undefined ? undefined : `mem_free=${Math.ceil(memory / cores)}M`],
    [
      'l',
      request.candidateHosts === undefined
        ? undefined
        : `h="${request.candidateHosts.map(hostName).join('|')}"`,
    ],
    ['pe', needsPlaces ? `${environment} ${cores}` : undefined],
    ['q', request.queue],
    ['P', request.project],
    ['M', request.jobContact?.join(',')],
    ['m', request.jobContact === undefined ? undefined : 'ea'],
    ['t', request.arraySize === undefined ? undefined : `1-${request.arraySize}`],
  ];
  return all.flatMap(([option, value]) => (value === undefined ? [] : [[option, value] as const]));
}

/** Names begin with a letter and have none of its special characters. */
function cleanName(name: string): string {
  return name
    .replace(/[^A-Za-z0-9_.+-]/g, '_')
    .replace(/^(?![A-Za-z_])/, 'j')
    .slice(0, 60);
}

function hostName(name: string): string {
  if (/^[A-Za-z0-9._*?-]+$/.test(name)) return name;
  throw new LatchkeyError(
    'jobs/description',
    `"candidateHosts" has ${JSON.stringify(name)}, which is no host`,
  );
}

interface ListedJob {
  readonly id: string;
  readonly name: string;
  readonly native: string;
  readonly submittedAt?: Date | undefined;
  readonly startedAt?: Date | undefined;
  readonly queue: string;
  readonly tasks?: readonly number[] | undefined;
}

/** qstat's own XML: flat elements without attributes that matter. */
function jobs(result: CommandResult): readonly ListedJob[] {
  const text = result.stdout.toString('utf8');
  if (result.exitCode !== 0 || !text.includes('</job_info>'))
    throw schedulerFailure('qstat', result, SILENCE);
  return [...text.matchAll(/<job_list[^>]*>(.*?)<\/job_list>/gs)].map(([, body = '']) => {
    const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? '';
    return {
      id: field('JB_job_number'),
      name: field('JB_name'),
      native: field('state'),
      submittedAt: time(field('JB_submission_time')),
      startedAt: time(field('JAT_start_time')),
      queue: field('queue_name'),
      tasks: field('tasks') === '' ? undefined : tasks(field('tasks')),
    };
  });
}

/** `1-5:1,7` */
function tasks(text: string): readonly number[] {
  return text.split(',').flatMap((range) => {
    const [, from = '', to = from, step = '1'] = /^(\d+)(?:-(\d+):(\d+))?$/.exec(range) ?? [];
    const count = Math.floor((Number(to) - Number(from)) / Math.max(1, Number(step))) + 1;
    return Array.from(
      { length: Math.min(Math.max(0, count), 100_000) },
      (_, n) => Number(from) + n * Number(step),
    );
  });
}

function unique(found: readonly ListedJob[]): readonly string[] {
  return [...new Set(found.map((job) => job.id))];
}

function statusOfJob(job: ListedJob): BatchStatus {
  const { id, native, submittedAt, startedAt, queue } = job;
  const host = queue.split('@')[1];
  return {
    id,
    tasks: job.tasks,
    ...gridEngineState(native),
    native,
    submittedAt,
    startedAt,
    hosts: host === undefined ? undefined : [host],
  };
}

function statusOfAccount(text: string): readonly BatchStatus[] {
  const fields = new Map(
    [...text.matchAll(/^(\S+) +(.*?) *$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  const id = fields.get('jobnumber');
  if (id === undefined) return [];
  const task = Number(fields.get('taskid'));
  const failed = Number.parseInt(fields.get('failed') ?? '', 10);
  const status = Number.parseInt(fields.get('exit_status') ?? '', 10);
  const isGood = failed === 0 && status === 0;
  const host = fields.get('hostname');
  return [
    {
      id,
      ...(task > 0 ? { tasks: [task] } : {}),
      state: isGood ? 'Done' : 'Failed',
      native: `failed ${fields.get('failed') ?? ''}`,
      ...(isGood ? {} : { reason: reasonOf(failed, status) }),
      ...(status > 128 ? { signal: status - 128 } : { exitCode: status }),
      submittedAt: time(fields.get('qsub_time')),
      startedAt: time(fields.get('start_time')),
      endedAt: time(fields.get('end_time')),
      hosts: host === undefined || host === 'UNKNOWN' ? undefined : [host],
    },
  ];
}

function reasonOf(failed: number, status: number): BatchStatus['reason'] {
  if (failed !== 0) return FAILED_CODES[failed] ?? 'submit-failed';
  return status > 128 ? 'killed-by-signal' : 'non-zero-exit';
}

function time(text: string | undefined): Date | undefined {
  const isIso = text?.includes('T') === true && /^\d/.test(text);
  const at = Date.parse(isIso ? `${text}Z` : `${text} UTC`);
  return knownTime(at);
}
