import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import type { BatchRequest } from './batch-request.ts';
import { slurm } from './slurm.ts';

const request: BatchRequest = {
  tag: 'lk-1',
  launcher: "/home/o'neil/l",
  directory: '/s',
  outputPath: '/s/100%/out',
  errorPath: '/s/err',
};
const result = (stdout: string, exitCode = 0, stderr = '') => ({
  exitCode,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});

test('the script asks for what the description says; names arrive as they are', () => {
  const script = slurm.script({
    ...request,
    name: 'my "job"',
    queue: 'debug:high',
    project: 'acc:res',
    wallTimeMinutes: 90,
    totalPhysicalMemoryMegabytes: 1000,
    candidateHosts: ['n1', 'n2'],
    directives: ['--constraint=knl'],
  });
  assert.equal(
    script,
    `#!/bin/sh
#SBATCH --job-name="my \\"job\\""
#SBATCH --comment=lk-1
#SBATCH --output=/s/100%%/out
#SBATCH --error=/s/err
#SBATCH --mem=1000M
#SBATCH --time=01:30:00
#SBATCH --partition=debug
#SBATCH --qos=high
#SBATCH --account=acc
#SBATCH --reservation=res
#SBATCH --nodelist=n1,n2
#SBATCH --constraint=knl
LATCHKEY_BATCH_ID="\${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}"
export LATCHKEY_BATCH_ID
exec /bin/sh '/home/o'\\''neil/l'
`,
  );
});

test('an MPI job has a layout, where SAGA leaves it out', () => {
  const lines = (more: Partial<BatchRequest>) =>
    slurm
      .script({ ...request, ...more })
      .split('\n')
      .filter((line) => /--(?:nodes|ntasks|cpus-per-task|ntasks-per-node|mem|mem-per-cpu)=/.test(line))
      .map((line) => line.slice('#SBATCH --'.length));
  assert.deepEqual(
    lines({
      spmdVariation: 'MPI',
      numberOfProcesses: 8,
      processesPerHost: 4,
      threadsPerProcess: 2,
      totalPhysicalMemoryMegabytes: 4000,
    }),
    ['nodes=2', 'ntasks=8', 'cpus-per-task=2', 'ntasks-per-node=4', 'mem=2000M'],
  );
  assert.deepEqual(lines({ spmdVariation: 'MPI', totalCpuCount: 16 }), ['ntasks=16', 'cpus-per-task=1']);
  assert.deepEqual(
    lines({ spmdVariation: 'MPI', totalCpuCount: 16, totalPhysicalMemoryMegabytes: 1600 }).at(-1),
    'mem-per-cpu=100M',
  );
  assert.deepEqual(lines({ totalCpuCount: 16 }), ['nodes=1', 'ntasks=1', 'cpus-per-task=16']);
});

test('an id is a number or an error, never a phantom', () => {
  assert.equal(slurm.parseSubmit(result('12\n')), '12');
  assert.equal(slurm.parseSubmit(result('sbatch: lua: hello\n12;cluster\n')), '12');
  assert.throws(
    () => slurm.parseSubmit(result('')),
    (error) => isLatchkeyError(error, 'jobs/scheduler'),
  );
  assert.throws(
    () =>
      slurm.parseSubmit(result('', 1, 'sbatch: error: Unable to contact slurm controller (connect failure)')),
    (error) => isLatchkeyError(error, 'jobs/scheduler') && error.retryable,
  );
});

test('squeue of 22.05 is read: exit codes as of wait(2), guesses of times left out', () => {
  const rows = `2|N/A|F|NonZeroExitCode|768|1796072712|1796072713|1796072713|vm|
3|2|F|RaisedSignal:9(Killed)|9|1796072712|1796072714|1796072714|vm|
4|N/A|PD|JobHeldUser|0|1796072712|N/A|N/A||
1|N/A|R|None|0|1796072712|1796072713|1796072773|vm|
5|N/A|XX|None|0|1796072712|1796072713|1796072773|vm|
6|N/A|TO|TimeLimit|15|1796072713|1796072713|1796072782|
`;
  const [failed, killed, held, running, odd, late] = slurm.parseQuery(result(rows));
  assert.deepEqual([failed?.state, failed?.exitCode, failed?.signal], ['Failed', 3, undefined]);
  assert.deepEqual([killed?.tasks, killed?.exitCode, killed?.signal], [[2], undefined, 9]);
  assert.deepEqual([held?.state, held?.reason, held?.startedAt], ['Pending', 'held', undefined]);
  assert.deepEqual([running?.state, running?.endedAt], ['Running', undefined]);
  assert.deepEqual([odd?.state, odd?.native], ['Unknown', 'XX']);
  assert.deepEqual([late?.state, late?.reason], ['Failed', 'timeout']);
  assert.throws(() =>
    slurm.parseQuery(result('', 1, 'slurm_load_jobs error: Unable to contact slurm controller')),
  );
});

test('a lone id is asked twice, so that an unknown one is an answer and not a failure', () => {
  assert.equal(slurm.query(['7']).argv.at(-1), '--jobs=7,7');
  assert.equal(slurm.query(['7', '8']).argv.at(-1), '--jobs=7,8');
});

test('a limit or a cancel has exit code 0 in the books, which is none', () => {
  const rows = `1|TIMEOUT|0:0|1796072712|1796072713|1796072782|vm
7|COMPLETED|0:0|1796072716|1796072716|1796072737|vm
`;
  const [late, done] = slurm.accounting?.parse(result(rows)) ?? [];
  assert.deepEqual([late?.state, late?.reason, late?.exitCode], ['Failed', 'timeout', undefined]);
  assert.deepEqual([done?.state, done?.exitCode], ['Done', 0]);
});

test('sacct is read; switched off it says nothing', () => {
  const rows = `2|FAILED|3:0|1796072712|1796072713|1796072713|vm
3_2|CANCELLED by 1000|0:15|1796072712|1796072714|1796072714|None assigned
4|CANCELLED by 0|143:0|1796072712|1796072714|1796072714|vm
`;
  const [failed, cancelled, ended] = slurm.accounting?.parse(result(rows)) ?? [];
  assert.deepEqual([failed?.state, failed?.exitCode], ['Failed', 3]);
  assert.deepEqual([cancelled?.state, cancelled?.tasks, cancelled?.hosts], ['Canceled', [2], undefined]);
  assert.deepEqual([ended?.state, ended?.exitCode, ended?.signal], ['Canceled', undefined, 15]);
  assert.deepEqual(slurm.accounting?.parse(result('', 1, 'Slurm accounting storage is disabled')), []);
});
