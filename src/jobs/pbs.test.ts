import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import type { BatchRequest } from './batch-request.ts';
import { pbsPro, torque } from './pbs.ts';

const request: BatchRequest = {
  tag: 'lk-1',
  launcher: '/s/l',
  directory: '/s',
  outputPath: '/s/out',
  errorPath: '/s/err',
};
const result = (stdout: string, exitCode = 0, stderr = '') => ({
  exitCode,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});
const asked = (system: typeof pbsPro, more: Partial<BatchRequest>) =>
  system
    .script({ ...request, ...more })
    .split('\n')
    .filter((line) => line.startsWith('#PBS -l'))
    .map((line) => line.slice('#PBS -l '.length));

test('the script: short name, tag in the variables, directory, id of the whole array', () => {
  assert.equal(
    pbsPro.script({ ...request, name: '7 "days" of work', project: 'p1', queue: 'q@s', arraySize: 3 }),
    `#!/bin/sh
#PBS -S /bin/sh
#PBS -N j7__days__of_wo
#PBS -v LATCHKEY_TAG=lk-1
#PBS -q q@s
#PBS -A p1
#PBS -P p1
#PBS -J 1-3
cd /s || exit
LATCHKEY_BATCH_ID="$(printf %s "$PBS_JOBID" | sed 's/\\[[0-9]*\\]/[]/')"
LATCHKEY_TASK="\${PBS_ARRAY_INDEX:-1}"
export LATCHKEY_TASK
export LATCHKEY_BATCH_ID
exec /bin/sh /s/l
`,
  );
  // PBS Pro refuses it.
  assert.doesNotMatch(pbsPro.script({ ...request, arraySize: 1 }), /#PBS -J/);
});

test('what is asked for: hosts, cores, memory, GPUs, time', () => {
  const mpi = { totalCpuCount: 16, processesPerHost: 4, spmdVariation: 'MPI' };
  assert.deepEqual(asked(pbsPro, {}), []);
  assert.deepEqual(asked(pbsPro, { ...mpi, totalPhysicalMemoryMegabytes: 1000, wallTimeMinutes: 61 }), [
    'select=4:ncpus=4:mpiprocs=4:mem=250mb',
    'walltime=01:01:00',
  ]);
  assert.deepEqual(asked(pbsPro, { candidateHosts: ['a', 'b'], totalCpuCount: 2, spmdVariation: 'MPI' }), [
    'select=1:ncpus=1:mpiprocs=1:host=a+1:ncpus=1:mpiprocs=1:host=b',
  ]);
  assert.deepEqual(asked(torque, { ...mpi, totalPhysicalMemoryMegabytes: 1000 }), [
    'nodes=4:ppn=4',
    'mem=1000mb',
  ]);
  assert.deepEqual(asked(torque, { totalCpuCount: 8, spmdVariation: 'MPI' }), ['procs=8']);
  assert.deepEqual(asked(torque, { totalGpuCount: 2 }), ['nodes=1:ppn=1:gpus=2']);
});

test('an id comes after whatever a site prints', () => {
  assert.equal(pbsPro.parseSubmit(result('Welcome to 12 nodes\n123.pbs01\n')), '123.pbs01');
  assert.equal(torque.parseSubmit(result('123[].torque.example.org\n')), '123[].torque.example.org');
  assert.throws(
    () => pbsPro.parseSubmit(result('', 188, 'qsub: Unknown queue\n')),
    (error) =>
      isLatchkeyError(error, 'jobs/scheduler') && !error.retryable && /Unknown queue/.test(error.message),
  );
});

test('qstat -f of OpenPBS 20.0: wrapped lines, exit by signal, a job that was deleted', () => {
  const report = `Job Id: 7.s
    Job_Name = a
    job_state = F
    exec_host = n1/0*8+n2/1
    ctime = Sun Nov 22 13:04:26 2026
    stime = Sun Nov 22 13:05:26 2026
    Variable_List = PBS_O_HOME=/home/alice,PBS_O_LANG=C.UTF-8,LATCHKEY
\t_TAG=lk-1,PBS_O_HOST=h
    substate = 92
    Exit_status = 265

Job Id: 8.s
    job_state = F
    substate = 91
    comment = Job_Name = not this
`;
  const [killed, deleted] = pbsPro.parseQuery(result(report, 153, 'qstat: Unknown Job Id 9.s\n'));
  assert.deepEqual(
    [killed?.state, killed?.reason, killed?.signal, killed?.hosts],
    ['Failed', 'killed-by-signal', 9, ['n1', 'n2']],
  );
  assert.equal(killed?.startedAt?.toISOString(), '2026-11-22T13:05:26.000Z');
  assert.deepEqual([deleted?.state, deleted?.reason], ['Canceled', 'cancelled-by-user']);
  assert.deepEqual(pbsPro.parseFound(result(report), 'lk-1'), ['7.s']);
  assert.deepEqual(pbsPro.parseFound(result(report), 'lk-'), []);
});

test('what ended a job: numbers of PBS Pro and of Torque', () => {
  const of = (system: typeof pbsPro, status: number) => {
    const state = system === pbsPro ? 'F' : 'C';
    const [one] = system.parseQuery(
      result(`Job Id: 7.s\n    job_state = ${state}\n    Exit_status = ${status}\n`),
    );
    return [one?.state, one?.reason, one?.exitCode ?? one?.signal];
  };
  assert.deepEqual(of(pbsPro, -29), ['Failed', 'timeout', undefined]);
  assert.deepEqual(of(pbsPro, -27), ['Failed', 'out-of-memory', undefined]);
  assert.deepEqual(of(torque, -11), ['Failed', 'timeout', undefined]);
  assert.deepEqual(of(torque, -1), ['Failed', 'submit-failed', undefined]);
  assert.deepEqual(of(torque, 271), ['Failed', 'killed-by-signal', 15]);
  assert.deepEqual(of(pbsPro, 3), ['Failed', 'non-zero-exit', 3]);
  assert.deepEqual(of(pbsPro, 0), ['Done', undefined, 0]);
  assert.equal(pbsPro.parseQuery(result('Job Id: 7.s\n    job_state = F\n'))[0]?.state, 'Unknown');
});

test('of a finished job that is not kept, and of silence', () => {
  const gone = result(
    '',
    35,
    'qstat: 7.s Job has finished, use -x or -H to obtain historical job information\n',
  );
  assert.deepEqual(pbsPro.parseQuery(gone), []);
  for (const said of ['Connection refused\nqstat: cannot connect to server s (errno=111)\n', ''])
    assert.throws(
      () => torque.parseQuery(result('', 255, said)),
      (error) => isLatchkeyError(error, 'jobs/scheduler'),
    );
});
