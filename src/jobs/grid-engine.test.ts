import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gridEngine } from './grid-engine.ts';
import { gridEngineState } from './grid-engine-states.ts';

const result = (stdout: string, exitCode = 0, stderr = '') => ({
  exitCode,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});
const request = { tag: 'lk-1', launcher: '/s/l', directory: '/s', outputPath: '/s/o', errorPath: '/s/e' };

test('the script names job, places and limits', () => {
  const script = gridEngine.script({
    ...request,
    name: '7 up!',
    wallTimeMinutes: 61,
    totalCpuCount: 4,
    totalPhysicalMemoryMegabytes: 1000,
  });
  assert.match(script, /^#\$ -N j7_up_\.lk-1$/m);
  assert.match(script, /^#\$ -l h_rt=01:01:00$/m);
  assert.match(script, /^#\$ -l mem_free=250M$/m);
  assert.match(script, /^#\$ -pe smp 4$/m);
  assert.match(
    gridEngine.script({ ...request, spmdVariation: 'mpi', numberOfProcesses: 1 }),
    /^#\$ -pe mpi 1$/m,
  );
  assert.doesNotMatch(gridEngine.script(request), /-pe/);
  assert.throws(() => gridEngine.script({ ...request, candidateHosts: ['a" -q x'] }), /is no host/);
});

test('suspended is not failed, held is not lost, and an error before the start is a failure', () => {
  const states = ['qw', 'hqw', 'Eqw', 't', 'r', 'Rr', 's', 'ts', 'S', 'T', 'dr', 'hRwq', 'zz'];
  assert.deepEqual(
    states.map((native) => gridEngineState(native).state),
    [
      'Pending',
      'Pending',
      'Failed',
      'Running',
      'Running',
      'Running',
      'Suspended',
      'Suspended',
      'Suspended',
      'Suspended',
      'Running',
      'Pending',
      'Unknown',
    ],
  );
});

test('qstat -xml of 8.1.9 is read, ranges of tasks included', () => {
  const xml = `<?xml version='1.0'?><job_info><queue_info><job_list state="running"><JB_job_number>5</JB_job_number>
<JB_name>sleep.lk-1</JB_name><state>r</state><JAT_start_time>2026-11-30T21:05:18</JAT_start_time>
<queue_name>all.q@vm</queue_name><slots>1</slots></job_list></queue_info><job_info><job_list state="pending">
<JB_job_number>8</JB_job_number><JB_name>x</JB_name><state>qw</state><JB_submission_time>2026-11-30T21:05:18</JB_submission_time>
<queue_name></queue_name><tasks>1-5:2,9</tasks></job_list></job_info></job_info>`;
  const [running, waiting] = gridEngine.parseQuery(result(xml));
  assert.deepEqual([running?.id, running?.state, running?.hosts], ['5', 'Running', ['vm']]);
  assert.equal(running?.startedAt?.toISOString(), '2026-11-30T21:05:18.000Z');
  assert.deepEqual([waiting?.state, waiting?.tasks], ['Pending', [1, 3, 5, 9]]);
  assert.deepEqual(gridEngine.parseFound(result(xml), 'lk-1'), ['5']);
  assert.throws(() => gridEngine.parseQuery(result('', 1, 'error: commlib error: got select error')), {
    retryable: true,
  });
  assert.throws(() => gridEngine.parseQuery(result('<job_info>')));
});

test('qacct tells failed from done by exit status, not by "failed 0" alone', () => {
  const account = (failed: string, status: number) =>
    `==============================================================
qname        all.q               
hostname     vm                  
jobnumber    1                   
taskid       undefined
qsub_time    Mon Nov 30 21:05:16 2026
end_time     Mon Nov 30 21:05:17 2026
failed       ${failed}
exit_status  ${status}
`;
  const parse = (text: string, stderr = '') => gridEngine.accounting?.parse(result(text, 0, stderr)) ?? [];
  assert.deepEqual(
    [
      account('0    ', 0),
      account('0', 3),
      account('37  : qmaster enforced h_rt', 137),
      account('100 : assumedly after job', 143),
    ]
      .map((text) => parse(text)[0])
      .map((status) => [status?.state, status?.reason, status?.exitCode, status?.signal]),
    [
      ['Done', undefined, 0, undefined],
      ['Failed', 'non-zero-exit', 3, undefined],
      ['Failed', 'timeout', undefined, 9],
      ['Failed', 'killed-by-signal', undefined, 15],
    ],
  );
  assert.deepEqual(parse('', 'error: job id 99 not found\n'), []);
  assert.throws(() => parse('', 'error: cannot read accounting\n'));
});
