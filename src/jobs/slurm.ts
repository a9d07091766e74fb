import type { CommandResult } from '../ssh/index.ts';
import type { BatchRequest } from './batch-request.ts';
import type { BatchStatus, BatchSystem } from './batch-system.ts';
import { directiveValue, hoursMinutes } from './directive.ts';
import { handOver } from './hand-over.ts';
import { isFinal, type JobState } from './job-state.ts';
import { knownTime } from './known-time.ts';
import { layoutOf } from './layout.ts';
import { schedulerFailure } from './scheduler-failure.ts';
import { SLURM_STATES, SLURM_WAIT_REASONS } from './slurm-states.ts';
import { saidOf } from './state-meaning.ts';

/** Slurm, by sbatch, squeue, sacct, scancel and scontrol; tried with 22.05. */
export const slurm: BatchSystem = {
  name: 'slurm',
  unsupported: [],

  script(request) {
    const lines = options(request).map(([name, value]) => `#SBATCH --${name}=${quoted(name, value)}`);
    const given = (request.directives ?? []).map((line) => `#SBATCH ${directiveValue('directives', line)}`);
    // Of an array the id of the whole, as sbatch tells it.
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell fills it in
    const id = '"${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}"';
    return `${['#!/bin/sh', ...lines, ...given, ...handOver(request, id, '"$SLURM_ARRAY_TASK_ID"')].join('\n')}\n`;
  },

  submit: (request, scriptPath) => ({
    argv: ['sbatch', '--parsable', `--chdir=${request.directory}`, scriptPath],
  }),

  parseSubmit(result) {
    // "12" or "12;cluster"; warnings of plugins come before it.
    const id = /^(\d+)(?:;\S+)?\s*$/m.exec(result.stdout.toString('utf8'))?.[1];
    if (result.exitCode !== 0 || id === undefined) throw schedulerFailure('sbatch', result, SILENCE);
    return id;
  },

  findByTag: () => ({
    argv: ['squeue', '--me', '-h', '-a', '-t', 'all', '-O', 'ArrayJobID:|,Comment:200'],
    env: ENV,
  }),

  parseFound(result, tag) {
    const found = rows('squeue', result).filter(([, comment]) => comment?.trim() === tag);
    return [...new Set(found.map(([id = '']) => id.trim()))];
  },

  query: (ids) => ({
    argv: ['squeue', '-h', '-a', '-t', 'all', '-r', '-O', FIELDS, `--jobs=${notAlone(ids).join(',')}`],
    env: ENV,
  }),

  parseQuery: (result) => rows('squeue', result).map(statusOfRow),

  accounting: {
    query: (ids) => ({
      argv: [
        'sacct',
        '-n',
        '-P',
        '-X',
        '-o',
        'JobID,State,ExitCode,Submit,Start,End,NodeList',
        `--jobs=${ids.join(',')}`,
      ],
      env: ENV,
    }),
    parse(result) {
      if (/accounting storage is disabled/i.test(result.stderr.toString('utf8'))) return [];
      return rows('sacct', result).flatMap(statusOfAccount);
    },
  },

  cancel: (ids) => ({ argv: ['scancel', ...ids] }),
  suspend: (ids) => ({ argv: ['scontrol', 'suspend', ids.join(',')] }),
  resume: (ids) => ({ argv: ['scontrol', 'resume', ids.join(',')] }),
  // To the script's whole process tree: the launcher itself lets it pass.
  signal: (ids, signal) => ({ argv: ['scancel', '--full', `--signal=${signal}`, ...ids] }),
  parseControl(result) {
    if (result.exitCode !== 0) throw schedulerFailure('scancel or scontrol', result, SILENCE);
  },

  list: () => ({ argv: ['squeue', '--me', '-h', '-a', '-t', 'all', '-O', 'ArrayJobID:|'], env: ENV }),
  parseList: (result) => [...new Set(rows('squeue', result).map(([id = '']) => id.trim()))],
};

/** Times as seconds since the epoch, whatever the zone there; words in English. */
const ENV = { SLURM_TIME_FORMAT: '%s', LC_ALL: 'C' };
const FIELDS = [
  ...['ArrayJobID', 'ArrayTaskID', 'StateCompact', 'Reason', 'exit_code', 'SubmitTime', 'StartTime'],
  ...['EndTime', 'NodeList'],
]
  .map((field) => `${field}:|`)
  .join(',');
const SILENCE = /unable to contact|connection refused|timed out|connection failure|communication|zero bytes/i;

function options(request: BatchRequest): readonly (readonly [string, string])[] {
  const layout = layoutOf(request);
  const [partition, qos] = split(request.queue);
  const [account, reservation] = split(request.project);
  const memory = request.totalPhysicalMemoryMegabytes;
  const hosts = layout === undefined ? 1 : layout.hosts;
  const all: readonly (readonly [string, string | number | undefined])[] = [
    ['job-name', request.name],
    ['comment', request.tag],
    // "%" begins a pattern in names of files.
    ['output', request.outputPath.replaceAll('%', '%%')],
    // Apart for each task: what is written there when one is ended does not say which.
    ['error', request.errorPath.replaceAll('%', '%%') + (request.arraySize === undefined ? '' : '.%a')],
    ['nodes', layout?.hosts],
    ['ntasks', layout?.processes],
    ['cpus-per-task', layout?.threads],
    ['ntasks-per-node', layout?.processesPerHost],
    ['gpus', request.totalGpuCount],
    ['mem', memory === undefined || hosts === undefined ? undefined : `${Math.ceil(memory / hosts)}M`],
    [
      'mem-per-cpu',
      memory === undefined || hosts !== undefined
        ? undefined
        : `${Math.ceil(memory / (layout?.cores ?? 1))}M`,
    ],
    ['time', request.wallTimeMinutes === undefined ? undefined : hoursMinutes(request.wallTimeMinutes)],
    ['partition', partition],
    ['qos', qos],
    ['account', account],
    ['reservation', reservation],
    ['nodelist', request.candidateHosts?.join(',')],
    ['mail-user', request.jobContact?.join(',')],
    ['mail-type', request.jobContact === undefined ? undefined : 'END,FAIL'],
    ['array', request.arraySize === undefined ? undefined : `1-${request.arraySize}`],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]));
}

/** `partition:qos`, `account:reservation`, as in SAGA. */
function split(value: string | undefined): readonly [string | undefined, string | undefined] {
  const [first, second] = value?.split(':') ?? [];
  return [first || undefined, second || undefined];
}

function quoted(name: string, value: string): string {
  const line = directiveValue(name, value);
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(line) ? line : `"${line.replace(/["\\]/g, '\\$&')}"`;
}

/** A lone id that squeue does not know makes it fail; of two it says nothing. So a failure is always one. */
function notAlone(ids: readonly string[]): readonly string[] {
  return ids.length === 1 ? [...ids, ...ids] : ids;
}

function rows(tool: string, result: CommandResult): readonly (readonly string[])[] {
  if (result.exitCode !== 0) throw schedulerFailure(tool, result, SILENCE);
  const text = result.stdout.toString('utf8');
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.split('|')]));
}

function statusOfRow(row: readonly string[]): BatchStatus {
  const [id = '', task = '', native = '', why = '', raw = '', submitted, started, ended, hosts = ''] = row;
  const meaning = saidOf(SLURM_STATES, native) ?? { state: 'Unknown' };
  const hasEnded = isFinal(meaning.state);
  // What was cancelled before it had a host has the time of that as its begin.
  const hasBegun = meaning.state !== 'Pending' && !(hasEnded && hosts === '');
  return {
    id,
    ...(/^\d+$/.test(task) ? { tasks: [Number(task)] } : {}),
    state: meaning.state,
    native,
    reason: meaning.reason ?? (meaning.state === 'Pending' ? saidOf(SLURM_WAIT_REASONS, why) : undefined),
    // As wait(2) tells it.
    ...(hasEnded ? ending(meaning.state, Number(raw) >> 8, Number(raw) & 127) : {}),
    submittedAt: time(submitted),
    // Of what has not begun or ended, these are guesses.
    startedAt: hasBegun ? time(started) : undefined,
    endedAt: hasEnded ? time(ended) : undefined,
    hosts: hosts === '' || !hasBegun ? undefined : [hosts],
  };
}

function statusOfAccount(row: readonly string[]): readonly BatchStatus[] {
  const [which = '', said = '', exit = '', submitted, started, ended, hosts = ''] = row;
  const [, id, task] = /^(\d+)(?:_(\d+))?$/.exec(which) ?? [];
  if (id === undefined) return [];
  // "CANCELLED by 1000"
  const native = said.split(' ')[0] ?? '';
  const meaning = saidOf(SLURM_STATES, native) ?? { state: 'Unknown' };
  const [code = 0, signal = 0] = exit.split(':').map(Number);
  const hasEnded = isFinal(meaning.state);
  const hasHosts = !/^None|^$/.test(hosts);
  return [
    {
      id,
      ...(task === undefined ? {} : { tasks: [Number(task)] }),
      state: meaning.state,
      native,
      reason: meaning.reason,
      ...(hasEnded ? ending(meaning.state, code, signal) : {}),
      submittedAt: time(submitted),
      startedAt: hasHosts ? time(started) : undefined,
      endedAt: hasEnded ? time(ended) : undefined,
      hosts: hasHosts ? [hosts] : undefined,
    },
  ];
}

/**
 * What timed out or was cancelled has exit code 0 in its books: that says nothing. A script's 128 + n is signal n, of which sacct takes the 128
 * away, or not: a 9 of its may be either.
 */
function ending(state: JobState, exitCode: number, signal: number): Pick<BatchStatus, 'exitCode' | 'signal'> {
  if (signal > 0) return { signal };
  if (exitCode > 128 && exitCode <= 192) return { signal: exitCode - 128 };
  return exitCode === 0 && state !== 'Done' ? {} : { exitCode };
}

function time(seconds: string | undefined): Date | undefined {
  return /^\d+$/.test(seconds ?? '') ? knownTime(Number(seconds) * 1000) : undefined;
}
