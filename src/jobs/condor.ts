import type { CommandResult } from '../ssh/index.ts';
import type { BatchRequest } from './batch-request.ts';
import type { BatchStatus, BatchSystem } from './batch-system.ts';
import { CONDOR_STATES } from './condor-states.ts';
import { directiveValue } from './directive.ts';
import { knownTime } from './known-time.ts';
import { schedulerFailure } from './scheduler-failure.ts';

/**
 * HTCondor, by condor_submit, condor_q, condor_history, condor_rm, condor_suspend and condor_continue. Written from recordings of a
 * real 25.14 pool. Sandboxes must be seen from where jobs run: a shared file system, or an access point that runs them itself.
 */
export const condor: BatchSystem = {
  name: 'condor',
  unsupported: ['queue', 'processesPerHost', 'numberOfProcesses', 'spmdVariation'],

  /** A submit description: its program hands over to the launcher. */
  script(request) {
    const lines = commands(request).map(([name, value]) => `${name} = ${directiveValue(name, value)}`);
    const given = (request.directives ?? []).map((line) => directiveValue('directives', line));
    return `${[...lines, ...given, `queue ${request.arraySize ?? 1}`].join('\n')}\n`;
  },

  submit: (_request, scriptPath) => ({ argv: ['condor_submit', '-terse', scriptPath] }),

  parseSubmit(result) {
    // "6.0 - 6.2"
    const id = /^(\d+)\.\d+ - \d+\.\d+\s*$/m.exec(result.stdout.toString('utf8'))?.[1];
    if (result.exitCode !== 0 || id === undefined) throw schedulerFailure('condor_submit', result, SILENCE);
    return id;
  },

  findByTag: (tag) => ({
    argv: [
      'condor_q',
      '-json',
      '-attributes',
      'ClusterId',
      '-constraint',
      `LatchkeyTag == ${quotedString(tag)}`,
    ],
  }),
  parseFound: (result) => ids(jobs('condor_q', result)),

  query: (wanted) => ({ argv: ['condor_q', '-json', '-attributes', ATTRIBUTES, ...wanted] }),
  parseQuery: (result) => jobs('condor_q', result).flatMap(statusOf),

  // A job is in the history some time after it has left the queue.
  accounting: {
    query: (wanted) => ({ argv: ['condor_history', '-json', '-attributes', ATTRIBUTES, ...wanted] }),
    parse: (result) => jobs('condor_history', result).flatMap(statusOf),
  },

  cancel: (wanted) => ({ argv: ['condor_rm', ...wanted] }),
  suspend: (wanted) => ({ argv: ['condor_suspend', ...wanted] }),
  resume: (wanted) => ({ argv: ['condor_continue', ...wanted] }),
  parseControl(result) {
    if (result.exitCode === 0 || /couldn't find/i.test(`${result.stdout}${result.stderr}`)) return;
    throw schedulerFailure('condor_rm, condor_suspend or condor_continue', result, SILENCE);
  },

  list: () => ({ argv: ['condor_q', '-json', '-attributes', 'ClusterId'] }),
  parseList: (result) => ids(jobs('condor_q', result)),
};

const ATTRIBUTES = [
  ...['ClusterId', 'ProcId', 'JobStatus', 'ExitCode', 'ExitBySignal', 'ExitSignal', 'RemoveReason'],
  ...['QDate', 'JobStartDate', 'CompletionDate', 'EnteredCurrentStatus', 'RemoteHost', 'LastRemoteHost'],
  'LatchkeyArray',
].join(',');
const SILENCE =
  /failed to (?:connect|fetch)|can't (?:find|connect)|communication|timed? ?out|unable to (?:connect|contact)/i;
/** What the job's program does; words of a submit description know no `$((…))`, which would be a macro of its own. */
const TAKE_OVER =
  'LATCHKEY_BATCH_ID=$1; LATCHKEY_TASK=`expr $2 + 1`; export LATCHKEY_BATCH_ID LATCHKEY_TASK; exec /bin/sh "$3"';
const TAKE_OVER_ALONE = 'LATCHKEY_BATCH_ID=$1; export LATCHKEY_BATCH_ID; exec /bin/sh "$3"';

function commands(request: BatchRequest): readonly (readonly [string, string])[] {
  const {
    arraySize,
    wallTimeMinutes,
    totalPhysicalMemoryMegabytes: memory,
    candidateHosts,
    project,
  } = request;
  const takeOver = arraySize === undefined ? TAKE_OVER_ALONE : TAKE_OVER;
  const words = ['-c', takeOver, 'sh', '$(Cluster)', '$(Process)', macroFree(request.launcher)];
  const cores = (request.totalCpuCount ?? request.threadsPerProcess) as number | undefined;
  const all: readonly (readonly [string, string | undefined])[] = [
    ['universe', 'vanilla'],
    ['executable', '/bin/sh'],
    ['transfer_executable', 'False'],
    ['should_transfer_files', 'NO'],
    ['arguments', argumentsOf(words)],
    ['initialdir', macroFree(request.directory)],
    ['output', macroFree(request.outputPath)],
    ['error', macroFree(request.errorPath)],
    ['batch_name', request.name === undefined ? undefined : macroFree(request.name)],
    ['+LatchkeyTag', quotedString(request.tag)],
    ['+LatchkeyArray', arraySize === undefined ? undefined : String(arraySize)],
    ['+ProjectName', project === undefined ? undefined : quotedString(macroFree(project))],
    ['request_cpus', cores === undefined ? undefined : String(cores)],
    ['request_memory', memory === undefined ? undefined : `${memory}M`],
    ['request_gpus', request.totalGpuCount === undefined ? undefined : String(request.totalGpuCount)],
    [
      'requirements',
      candidateHosts === undefined
        ? undefined
        : candidateHosts.map((host) => `Machine == ${quotedString(macroFree(host))}`).join(' || '),
    ],
    [
      'periodic_remove',
      wallTimeMinutes === undefined
        ? undefined
        : `JobStatus == 2 && time() - JobCurrentStartDate > ${wallTimeMinutes * 60}`,
    ],
    ['notify_user', request.jobContact?.join(', ')],
    ['notification', request.jobContact === undefined ? 'Never' : 'Complete'],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

/** The new syntax of arguments: all within double quotes, words with special characters within single ones, both doubled inside. */
function argumentsOf(words: readonly string[]): string {
  const each = words.map((word) =>
    /^[A-Za-z0-9_$()./-]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`,
  );
  return `"${each.join(' ').replaceAll('"', '""')}"`;
}

/** `$(…)` in what somebody gave stays as it is. */
function macroFree(text: string): string {
  return text.replaceAll('$', '$(DOLLAR)');
}

function quotedString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

type JobAd = Readonly<Record<string, unknown>>;

/** Nothing at all is an answer of condor_q: no job. */
function jobs(tool: string, result: CommandResult): readonly JobAd[] {
  const text = result.stdout.toString('utf8').trim();
  if (result.exitCode !== 0) throw schedulerFailure(tool, result, SILENCE);
  if (text === '') return [];
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw schedulerFailure(tool, result, SILENCE);
  }
  if (!Array.isArray(found)) throw schedulerFailure(tool, result, SILENCE);
  return found.filter(
    (ad): ad is JobAd => typeof ad === 'object' && ad !== null && Number.isInteger(ad.ClusterId),
  );
}

function ids(found: readonly JobAd[]): readonly string[] {
  return [...new Set(found.map((ad) => String(ad.ClusterId)))];
}

function statusOf(ad: JobAd): readonly BatchStatus[] {
  const code = number(ad.JobStatus);
  if (code === undefined) return [];
  const proc = number(ad.ProcId);
  const host = ad.RemoteHost ?? ad.LastRemoteHost;
  const meaning = CONDOR_STATES[code];
  const hasEnded = code === 3 || code === 4;
  const timedOut = code === 3 && /periodic_?remove/i.test(String(ad.RemoveReason ?? ''));
  return [
    {
      id: String(ad.ClusterId),
      ...(number(ad.LatchkeyArray) !== undefined && proc !== undefined ? { tasks: [proc + 1] } : {}),
      ...(code === 4
        ? ending(ad)
        : { state: meaning?.state ?? ('Unknown' as const), reason: meaning?.reason }),
      ...(timedOut ? { state: 'Failed' as const, reason: 'timeout' as const } : {}),
      native: code === 4 ? 'completed' : (meaning?.word ?? String(code)),
      submittedAt: time(ad.QDate),
      startedAt: time(ad.JobStartDate),
      endedAt: hasEnded ? (time(ad.CompletionDate) ?? time(ad.EnteredCurrentStatus)) : undefined,
      hosts: typeof host === 'string' ? [host.replace(/^[^@]*@/, '')] : undefined,
    },
  ];
}

/** A held or removed job keeps the signal it was stopped with; only of a completed one the exit counts. */
function ending(ad: JobAd): Pick<BatchStatus, 'state' | 'reason' | 'exitCode' | 'signal'> {
  if (ad.ExitBySignal === true)
    return { state: 'Failed', reason: 'killed-by-signal', signal: number(ad.ExitSignal) };
  const exitCode = number(ad.ExitCode);
  if (exitCode === undefined) return { state: 'Unknown' };
  return exitCode === 0
    ? { state: 'Done', exitCode }
    : { state: 'Failed', reason: 'non-zero-exit', exitCode };
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

function time(value: unknown): Date | undefined {
  const seconds = number(value);
  return seconds === undefined ? undefined : knownTime(seconds * 1000);
}
