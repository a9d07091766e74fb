import type { CommandResult } from '../ssh/index.ts';
import type { BatchRequest } from './batch-request.ts';
import type { BatchStatus, BatchSystem } from './batch-system.ts';
import { directiveValue } from './directive.ts';
import { handOver } from './hand-over.ts';
import { layoutOf } from './layout.ts';
import { LSF_STATES, LSF_TERMS } from './lsf-states.ts';
import { schedulerFailure } from './scheduler-failure.ts';
import { saidOf } from './state-meaning.ts';

/** LSF 10.1, by bsub, bjobs, bkill, bstop and bresume. Written from its documented output: never tried with a real one. */
export const lsf: BatchSystem = {
  name: 'lsf',
  unsupported: [],

  script(request) {
    const lines = options(request).map(([option, value]) => `#BSUB -${option} ${quoted(option, value)}`);
    const given = (request.directives ?? []).map((line) => `#BSUB ${directiveValue('directives', line)}`);
    return `${['#!/bin/sh', ...lines, ...given, ...handOver(request, '"$LSB_JOBID"', '"$LSB_JOBINDEX"')].join('\n')}\n`;
  },

  // Only of what it reads from its input it reads the directives.
  submit: (_request, scriptPath) => ({ argv: ['/bin/sh', '-c', 'exec bsub < "$1"', 'bsub', scriptPath] }),

  parseSubmit(result) {
    const id = /^Job <(\d+)> is submitted to /m.exec(result.stdout.toString('utf8'))?.[1];
    if (result.exitCode !== 0 || id === undefined) throw schedulerFailure('bsub', result, SILENCE);
    return id;
  },

  findByTag: () => ({ argv: ['bjobs', '-a', '-json', '-o', 'jobid job_description'] }),
  parseFound: (result, tag) => ids(records(result).filter((record) => record.JOB_DESCRIPTION === tag)),

  query: (wanted) => ({ argv: ['bjobs', '-a', '-json', '-o', FIELDS, ...wanted] }),
  parseQuery: (result) => records(result).map(statusOf),

  cancel: (wanted) => ({ argv: ['bkill', ...wanted] }),
  suspend: (wanted) => ({ argv: ['bstop', ...wanted] }),
  resume: (wanted) => ({ argv: ['bresume', ...wanted] }),
  signal: (wanted, signal) => ({ argv: ['bkill', '-s', signal, ...wanted] }),
  parseControl(result) {
    // Each job has its line; what has ended already needs nothing.
    if (result.exitCode === 0 || isAllGone(result)) return;
    throw schedulerFailure('bkill, bstop or bresume', result, SILENCE);
  },

  list: () => ({ argv: ['bjobs', '-a', '-json', '-o', 'jobid'] }),
  parseList: (result) => ids(records(result)),
};

/** No times: they are printed without a year and a zone; the launcher records its own. */
const FIELDS = 'jobid jobindex stat exit_code exit_reason exec_host';
const SILENCE = /cannot connect|lsf is down|not responding|batch system|connection refused|timed? ?out/i;
const GONE = /is not found|no matching job found|job has already finished|^job <[^>]*> is being/i;

function options(request: BatchRequest): readonly (readonly [string, string])[] {
  const layout = layoutOf(request);
  const { wallTimeMinutes, totalPhysicalMemoryMegabytes: memory, jobContact, arraySize } = request;
  const ptile =
    layout?.processesPerHost === undefined
      ? layout?.hosts === 1
        ? 'span[hosts=1]'
        : undefined
      : `span[ptile=${layout.processesPerHost * layout.threads}]`;
  const all: readonly (readonly [string, string | undefined])[] = [
    ['J', `${cleanName(request.name ?? 'job')}${arraySize === undefined ? '' : `[1-${arraySize}]`}`],
    ['Jd', request.tag],
    ['cwd', request.directory],
    ['o', request.outputPath],
    ['e', request.errorPath],
    [
      'W',
      wallTimeMinutes === undefined
        ? undefined
        : `${Math.floor(wallTimeMinutes / 60)}:${String(wallTimeMinutes % 60).padStart(2, '0')}`,
    ],
    ['n', layout === undefined ? undefined : String(layout.cores)],
    ['R', layout === undefined || layout.cores === 1 ? undefined : ptile],
    // For each slot.
    ['R', memory === undefined ? undefined : `rusage[mem=${Math.ceil(memory / (layout?.cores ?? 1))}MB]`],
    ['gpu', request.totalGpuCount === undefined ? undefined : `num=${request.totalGpuCount}`],
    ['m', request.candidateHosts?.join(' ')],
    ['q', request.queue],
    ['P', request.project],
    ['u', jobContact?.join(' ')],
    ['N', jobContact === undefined ? undefined : ''],
  ];
  return all.flatMap(([option, value]) => (value === undefined ? [] : [[option, value] as const]));
}

/** Brackets make an array of a name. */
function cleanName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.+-]/g, '_').slice(0, 100);
}

function quoted(option: string, value: string): string {
  const line = directiveValue(option, value);
  return /^[A-Za-z0-9_@%+=:,./-]*$/.test(line) ? line : `"${line.replace(/["\\$`]/g, '\\$&')}"`;
}

type LsfRecord = Readonly<Record<string, unknown>>;

/** What bjobs prints as JSON; records of ids that it does not know carry an `ERROR`. */
function records(result: CommandResult): readonly LsfRecord[] {
  const text = result.stdout.toString('utf8');
  if (
    text.trim() === '' &&
    (result.exitCode === 0 || /no (?:\w+ )?job found|is not found/i.test(result.stderr.toString('utf8')))
  )
    return [];
  const found: unknown = parsed(text)?.RECORDS;
  if (!Array.isArray(found)) throw schedulerFailure('bjobs', result, SILENCE);
  return found.filter(
    (record): record is LsfRecord =>
      typeof record === 'object' && record !== null && 'JOBID' in record && !('ERROR' in record),
  );
}

function parsed(text: string): LsfRecord | undefined {
  try {
    const value: unknown = JSON.parse(text.slice(Math.max(0, text.indexOf('{'))));
    return typeof value === 'object' && value !== null ? (value as LsfRecord) : undefined;
  } catch {
    // No answer that can be believed.
    return undefined;
  }
}

function ids(found: readonly LsfRecord[]): readonly string[] {
  return [...new Set(found.map((record) => String(record.JOBID)))];
}

function isAllGone({ stdout, stderr }: CommandResult): boolean {
  const said = `${stdout.toString('utf8')}\n${stderr.toString('utf8')}`
    .split('\n')
    .filter((line) => line.trim() !== '');
  return said.length > 0 && said.every((line) => GONE.test(line.trim()));
}

function statusOf(record: LsfRecord): BatchStatus {
  const field = (name: string) => String(record[name] ?? '').trim();
  const native = field('STAT');
  const index = Number(field('JOBINDEX'));
  const hosts = field('EXEC_HOST');
  const meaning = saidOf(LSF_STATES, native) ?? { state: 'Unknown' as const };
  return {
    id: field('JOBID'),
    ...(index > 0 ? { tasks: [index] } : {}),
    ...meaning,
    ...(native === 'EXIT' ? ending(field('EXIT_CODE'), field('EXIT_REASON')) : {}),
    ...(native === 'DONE' ? { exitCode: 0 } : {}),
    native:
      native === 'EXIT' && field('EXIT_REASON') !== ''
        ? `EXIT ${field('EXIT_REASON').split(':')[0]}`
        : native,
    hosts:
      hosts === '' || hosts === '-'
        ? undefined
        : [...new Set(hosts.split(':').map((host) => host.replace(/^\d+\*/, '')))],
  };
}

function ending(code: string, why: string): Pick<BatchStatus, 'state' | 'reason' | 'exitCode' | 'signal'> {
  const reason = saidOf(LSF_TERMS, why.split(':')[0] ?? '');
  const status = /^\d+$/.test(code) ? Number(code) : undefined;
  const how = status === undefined ? {} : status > 128 ? { signal: status - 128 } : { exitCode: status };
  if (reason === 'cancelled-by-user') return { state: 'Canceled', reason, ...how };
  return {
    state: 'Failed',
    reason: reason ?? (status !== undefined && status > 128 ? 'killed-by-signal' : 'non-zero-exit'),
    ...how,
  };
}
