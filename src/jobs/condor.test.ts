import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import type { BatchRequest } from './batch-request.ts';
import { condor } from './condor.ts';

const request: BatchRequest = {
  tag: 'lk-1',
  launcher: "/home/o'neil/$(HOME)/l",
  directory: '/s',
  outputPath: '/s/out',
  errorPath: '/s/err',
};
const result = (stdout: string, exitCode = 0, stderr = '') => ({
  exitCode,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});

test('the submit description: words arrive as they are, macros of others are none', () => {
  assert.equal(
    condor.script({ ...request, arraySize: 3, wallTimeMinutes: 2, project: 'a"b', totalCpuCount: 2 }),
    `universe = vanilla
executable = /bin/sh
transfer_executable = False
should_transfer_files = NO
arguments = "-c 'LATCHKEY_BATCH_ID=$1; LATCHKEY_TASK=\`expr $2 + 1\`; export LATCHKEY_BATCH_ID LATCHKEY_TASK; exec /bin/sh ""$3""' sh $(Cluster) $(Process) '/home/o''neil/$(DOLLAR)(HOME)/l'"
initialdir = /s
output = /s/out
error = /s/err
+LatchkeyTag = "lk-1"
+LatchkeyArray = 3
+ProjectName = "a\\"b"
request_cpus = 2
periodic_remove = JobStatus == 2 && time() - JobCurrentStartDate > 120
notification = Never
queue 3
`,
  );
  assert.throws(
    () => condor.script({ ...request, directives: ['a = 1\nqueue 99'] }),
    (error) => isLatchkeyError(error, 'jobs/description'),
  );
});

// The answers below were recorded from HTCondor 25.14.0, with its attributes in its order.
test('submitted, unknown, and nothing at all', () => {
  assert.equal(condor.parseSubmit(result('6.0 - 6.2\n')), '6');
  assert.throws(() =>
    condor.parseSubmit(
      result(
        'Submitting job(s)',
        1,
        "\nERROR: Can't access executable file /nonexistent/prog: No such file or directory\n",
      ),
    ),
  );
  assert.deepEqual(condor.parseQuery(result('')), []);
  assert.deepEqual(condor.accounting?.parse(result('[\n]\n')), []);
  assert.doesNotThrow(() =>
    condor.parseControl?.(result('', 1, "\nCouldn't find/remove all jobs in cluster 999\n")),
  );
});

test('running, suspended, and held with the signal it was stopped with', () => {
  const [running] = condor.parseQuery(
    result(`[
{
  "ClusterId": 8,
  "EnteredCurrentStatus": 1795352668,
  "ExitBySignal": false,
  "JobStartDate": 1795352668,
  "JobStatus": 2,
  "ProcId": 0,
  "RemoteHost": "slot1_4@vm"
}
]
`),
  );
  assert.deepEqual(
    [running?.id, running?.tasks, running?.state, running?.hosts, running?.startedAt?.getTime()],
    ['8', undefined, 'Running', ['vm'], 1_795_352_668_000],
  );
  const state = (ad: object) => {
    const [status] = condor.parseQuery(
      result(JSON.stringify([{ ClusterId: 8, ProcId: 1, LatchkeyArray: 2, ...ad }])),
    );
    return [status?.state, status?.reason, status?.exitCode ?? status?.signal, status?.tasks];
  };
  assert.deepEqual(state({ JobStatus: 7, ExitBySignal: false }), ['Suspended', undefined, undefined, [2]]);
  assert.deepEqual(state({ JobStatus: 5, ExitBySignal: true, ExitSignal: 15 }), [
    'Pending',
    'held',
    undefined,
    [2],
  ]);
  // "Transferring output" is no failure.
  assert.deepEqual(state({ JobStatus: 6 }), ['Running', undefined, undefined, [2]]);
  assert.deepEqual(state({ JobStatus: 3, RemoveReason: 'via condor_rm (by user alice)' }), [
    'Canceled',
    'cancelled-by-user',
    undefined,
    [2],
  ]);
  assert.deepEqual(state({ JobStatus: 4, ExitBySignal: false, ExitCode: 0 }), ['Done', undefined, 0, [2]]);
  assert.deepEqual(state({ JobStatus: 4, ExitBySignal: true, ExitSignal: 9 }), [
    'Failed',
    'killed-by-signal',
    9,
    [2],
  ]);
  assert.deepEqual(state({ JobStatus: 4 }), ['Unknown', undefined, undefined, [2]]);
});

test('garbage and silence', () => {
  assert.throws(
    () => condor.parseQuery(result('[\n{ "Clu')),
    (error) => isLatchkeyError(error, 'jobs/scheduler'),
  );
  assert.throws(
    () => condor.parseQuery(result('', 1, '\n-- Failed to fetch ads from: <127.0.0.1:9618> : vm\n')),
    (error) => isLatchkeyError(error, 'jobs/scheduler') && error.retryable,
  );
});
