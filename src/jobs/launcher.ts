import type { CheckedDescription } from './checked-description.ts';
import { credentialVariables } from './credential-files.ts';
import { inputLines } from './input-scripts.ts';
import { PROCESS_MARK } from './process-mark.ts';
import { shellWord } from './shell-word.ts';

/** What a launcher is made for. */
export interface LauncherPlace {
  /** Absolute path of the sandbox. */
  readonly sandbox: string;
  /** `supervised`: nobody else watches over it, so it keeps a session of its own, a limit, and can be signalled. */
  readonly mode: 'supervised' | 'scheduled';
  /** Seconds between TERM and KILL at the wall time limit. */
  readonly graceSeconds: number;
  /** Whose its standard input is: `streamed` = ours, while a supervised program runs; `staged` = a file of the sandbox. */
  readonly standardInput?: StandardInput | undefined;
}

/** How a program gets an input that is not its description's. */
export type StandardInput = 'streamed' | 'staged';

/**
 * The POSIX shell program that runs a job: the scheduler's script becomes it. It sets up environment, directory, input and
 * output exactly as described, runs the program between the lines before and after it, and records begin and end in
 * files of the sandbox that are whole or not there. Credentials leave with the job's end.
 *
 * It calls itself with `program` for the part that is signalled, suspended and limited; what records the end
 * survives that. A program killed by signal n and one that exits with 128 + n look alike to a shell, and so to us.
 */
export function launcherText(job: CheckedDescription, place: LauncherPlace): string {
  const isSupervised = place.mode === 'supervised';
  const limit = isSupervised ? job.wallTimeMinutes : undefined;
  const streamed = place.standardInput === 'streamed' ? inputLines(place.graceSeconds) : undefined;
  return `#!/bin/sh
# Runs one job; written by latchkey.
D=${shellWord(place.sandbox)}
T=\${LATCHKEY_TASK:+.$LATCHKEY_TASK}
${PROCESS_MARK}
# What is kept for a record before the job can fill the disk.
room() { (umask 077 && printf '%200s' '' > "$D/.$1.room") 2>/dev/null; }
record() {
  [ ! -e "$D/.$1.room" ] || mv -f "$D/.$1.room" "$D/.$1.$$"
  (umask 077 && printf '%s\\n' "$2" 1<> "$D/.$1.$$") || return 1
  sync "$D/.$1.$$" 2>/dev/null
  mv -f "$D/.$1.$$" "$D/$1" && sync "$D" 2>/dev/null
}
gone() {
  [ ! -e "$D/credentials" ] || { mv "$D/credentials" "$D/.gone.$$" && rm -rf "$D/.gone.$$"; }
}
case \${1-} in
program)
${indent(isSupervised ? ['mark $$', 'record "program$T" "$$ $mark"', '[ ! -e "$D/cancelled" ] || exit 143'] : [])}${indent(programLines(job, place.standardInput))}
  ;;
${streamed === undefined ? '' : `guard)\n${indent(streamed.guard)}  ;;\n`}limit)
  sleep "$2"
  : > "$D/timeout$T"
  read -r pid mark < "$D/program$T" && was=$mark && mark "$pid" && [ "$mark" = "$was" ] || exit 0
  kill -s TERM -- "-$pid"; kill -s CONT -- "-$pid"
  sleep ${place.graceSeconds}
  mark "$pid" && [ "$mark" = "$was" ] && kill -s KILL -- "-$pid"
  exit 0
  ;;
esac
${isSupervised ? '# Submitted twice, it runs once.\nmkdir "$D/begun$T" 2>/dev/null || exit 0\n' : 'rm -f "$D/end$T"\n'}trap : HUP INT QUIT TERM USR1 USR2
mark $$
record "begin$T" "$(date +%s) $$ $mark \${LATCHKEY_BATCH_ID:--} $(uname -n)" || exit 125
room "end$T"
if [ -e "$D/cancelled" ]; then code=143; else
${indent([...(streamed?.before ?? []), ...runLines(isSupervised, limit), ...(streamed?.after ?? [])])}fi
signal=0
[ $code -le 128 ] || [ $code -gt 192 ] || signal=$((code - 128))
reason=-
[ ! -e "$D/input-cut" ] || reason=input-cut
[ ! -e "$D/timeout$T" ] || reason=timeout
end="$(date +%s) $code $signal $reason"
${indent(endLines(job.arraySize), '')}exit $code
`;
}

function runLines(isSupervised: boolean, limitMinutes: number | undefined): readonly string[] {
  if (!isSupervised) return ['/bin/sh "$0" program; code=$?'];
  if (limitMinutes === undefined) return ['(exec setsid /bin/sh "$0" program); code=$?'];
  return [
    `setsid /bin/sh "$0" limit ${limitMinutes * 60} < /dev/null > /dev/null 2>&1 & limit=$!`,
    '(exec setsid /bin/sh "$0" program); code=$?',
    'kill -s KILL -- "-$limit" 2>/dev/null || kill -s KILL "$limit" 2>/dev/null',
  ];
}

/** Of an array, the last task takes the credentials with it. */
function endLines(arraySize: number | undefined): readonly string[] {
  if (arraySize === undefined) return ['gone', 'record end "$end"'];
  return ['record "end$T" "$end"', 'set -- "$D"/end.*', `[ $# -lt ${arraySize} ] || gone`];
}

const INPUT_FILES: Readonly<Record<StandardInput, string>> = { streamed: '"$D/in"', staged: '"$D/stdin"' };

function programLines(job: CheckedDescription, standardInput: StandardInput | undefined): readonly string[] {
  const { workingDirectory, output, error, input, preExec = [], postExec = [] } = job;
  const isArray = job.arraySize !== undefined;
  const file = (path: string | undefined, otherwise: string) =>
    path === undefined ? otherwise : withTask(path, isArray);
  const directory = workingDirectory === undefined ? '"$D/work"' : shellWord(workingDirectory);
  const exports = { ...parallel(job), ...job.environment };
  const out = file(output, '"$D/out$T"');
  const err = file(error, '"$D/err$T"');
  return [
    "trap 'exit 143' HUP INT TERM",
    ...(workingDirectory === undefined ? [] : ['cd || exit 125']),
    // Physical, as `mkdir` and sftp take "..": a shell goes back over links otherwise.
    `mkdir -p -- ${directory} && cd -P -- ${directory} || exit 125`,
    // The error first: why the others cannot be opened is then there to be read.
    ...(err === out ? [`exec > ${out}`, 'exec 2>&1'] : [`exec 2> ${err}`, `exec > ${out}`]),
    `exec < ${standardInput === undefined ? file(input, '/dev/null') : INPUT_FILES[standardInput]}`,
    ...Object.entries(exports).map(([name, value]) => `export ${name}=${shellWord(value)}`),
    ...credentialVariables(job.credentials).map(([name, path]) => `export ${name}="$D"/${shellWord(path)}`),
    'export LATCHKEY_SANDBOX="$D"',
    ...preExec.map(
      (line) => `eval ${shellWord(line)} || { code=$?; echo "latchkey: preExec failed" >&2; exit $code; }`,
    ),
    ...(postExec.length === 0
      ? ['trap - HUP INT TERM', `exec ${commandLine(job)}`]
      : [
          'trap : HUP INT TERM',
          `(trap - HUP INT TERM; exec ${commandLine(job)}); code=$?`,
          ...postExec.map((line) => `eval ${shellWord(line)}`),
          'exit $code',
        ]),
  ];
}

function commandLine(job: CheckedDescription): string {
  const program = job.executable.startsWith('-') ? `./${job.executable}` : job.executable;
  const words = [program, ...(job.arguments ?? [])];
  const isMpi = /^mpi/i.test(job.spmdVariation ?? '');
  const processes = job.numberOfProcesses ?? job.totalCpuCount ?? 1;
  return (isMpi ? ['mpirun', '-n', String(processes), ...words] : words).map(shellWord).join(' ');
}

function parallel(job: CheckedDescription): Readonly<Record<string, string>> {
  const threads =
    job.threadsPerProcess ?? (/^openmp$/i.test(job.spmdVariation ?? '') ? job.totalCpuCount : undefined);
  return threads === undefined ? {} : { OMP_NUM_THREADS: String(threads) };
}

/** `%a` in file names of an array is the task's index. */
function withTask(path: string, isArray: boolean): string {
  const parts = isArray ? path.split('%a') : [path];
  // A file's name is never an option or a descriptor.
  const safe = parts.map((part, n) => (n === 0 && /^[-&]/.test(part) ? `./${part}` : part));
  return safe.map((part) => (part === '' ? '' : shellWord(part))).join('"$LATCHKEY_TASK"');
}

function indent(lines: readonly string[], by = '  '): string {
  return lines.map((line) => `${by}${line}\n`).join('');
}
