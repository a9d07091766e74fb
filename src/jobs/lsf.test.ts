import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import type { BatchRequest } from './batch-request.ts';
import { lsf } from './lsf.ts';

const request: BatchRequest = {
  tag: 'lk-1',
  launcher: '/s/l',
  directory: '/s/a b',
  outputPath: '/s/out',
  errorPath: '/s/err',
};
const result = (stdout: string, exitCode = 0, stderr = '') => ({
  exitCode,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});
const answer = (...records: readonly object[]) =>
  result(JSON.stringify({ COMMAND: 'bjobs', JOBS: records.length, RECORDS: records }), 255);

test('the script: an array by its name, the tag as description, no host of anybody in it', () => {
  assert.equal(
    lsf.script({
      ...request,
      name: 'a[1-9]',
      arraySize: 3,
      totalCpuCount: 8,
      processesPerHost: 4,
      spmdVariation: 'MPI',
      wallTimeMinutes: 61,
      totalPhysicalMemoryMegabytes: 800,
      candidateHosts: ['h1', 'h2'],
    }),
    `#!/bin/sh
#BSUB -J "a_1-9_[1-3]"
#BSUB -Jd lk-1
#BSUB -cwd "/s/a b"
#BSUB -o /s/out
#BSUB -e /s/err
#BSUB -W 1:01
#BSUB -n 8
#BSUB -R "span[ptile=4]"
#BSUB -R "rusage[mem=100MB]"
#BSUB -m "h1 h2"
LATCHKEY_BATCH_ID="$LSB_JOBID"
LATCHKEY_TASK="$LSB_JOBINDEX"
export LATCHKEY_TASK
export LATCHKEY_BATCH_ID
exec /bin/sh /s/l
`,
  );
});

test('bjobs -json of LSF 10.1: states, why a job was ended, hosts, ids that it does not know', () => {
  const one = (record: object) => {
    const [status] = lsf.parseQuery(answer({ JOBID: '7', JOBINDEX: '0', ...record }));
    return [status?.state, status?.reason, status?.exitCode ?? status?.signal];
  };
  assert.deepEqual(one({ STAT: 'PSUSP' }), ['Pending', 'held', undefined]);
  assert.deepEqual(one({ STAT: 'SSUSP' }), ['Suspended', undefined, undefined]);
  assert.deepEqual(one({ STAT: 'UNKWN' }), ['Unknown', undefined, undefined]);
  assert.deepEqual(one({ STAT: 'EXIT', EXIT_CODE: '3', EXIT_REASON: '' }), ['Failed', 'non-zero-exit', 3]);
  assert.deepEqual(one({ STAT: 'EXIT', EXIT_CODE: '139' }), ['Failed', 'killed-by-signal', 11]);
  assert.deepEqual(
    one({
      STAT: 'EXIT',
      EXIT_CODE: '140',
      EXIT_REASON: 'TERM_RUNLIMIT: job killed after reaching LSF run time limit',
    }),
    ['Failed', 'timeout', 12],
  );
  assert.deepEqual(one({ STAT: 'EXIT', EXIT_CODE: '130', EXIT_REASON: 'TERM_OWNER: job killed by owner' }), [
    'Canceled',
    'cancelled-by-user',
    2,
  ]);
  const [known, ...others] = lsf.parseQuery(
    answer(
      { JOBID: '7', JOBINDEX: '2', STAT: 'RUN', EXEC_HOST: '4*n1:n2:n2' },
      { JOBID: '9', ERROR: 'Job <9> is not found' },
    ),
  );
  assert.deepEqual([known?.id, known?.tasks, known?.hosts], ['7', [2], ['n1', 'n2']]);
  assert.deepEqual(others, []);
});

test('nothing, garbage and silence', () => {
  assert.deepEqual(lsf.parseQuery(result('', 0, 'No job found\n')), []);
  for (const [said, isRetryable] of [
    [result('{"COMMAND":"bjobs","REC'), false],
    [result('[]'), false],
    [result('', 255, 'LSF is down. Please wait ...\n'), true],
  ] as const)
    assert.throws(
      () => lsf.parseQuery(said),
      (error) => isLatchkeyError(error, 'jobs/scheduler') && error.retryable === isRetryable,
    );
});
