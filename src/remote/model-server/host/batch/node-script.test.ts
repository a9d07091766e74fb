import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../../../kit/index.ts';
import { instructionLine, nodeJobDescription, reportToken } from './node-script.ts';

const KEY = new Secret('the-key-of-the-job');

test('what a model is told has its key and a token that no other job has', () => {
  const line = instructionLine('3@Models', KEY, { unix: '/d/s' });
  assert.deepEqual(JSON.parse(line), {
    version: 1,
    job: '3@Models',
    token: reportToken('3@Models', KEY),
    key: 'the-key-of-the-job',
    listen: { unix: '/d/s' },
  });
  assert.notEqual(reportToken('3@Models', KEY), reportToken('4@Models', KEY));
  assert.notEqual(reportToken('3@Models', KEY), reportToken('3@Models', new Secret('another')));
  assert.equal(reportToken('3@Models', KEY).includes(KEY.revealText()), false);
});

test('the batch job has no secret in any word, and shell reads its paths as they are', () => {
  const description = nodeJobDescription({
    job: '3@Models',
    directory: "/home/jane's/jobs/3",
    command: ['python3', 'model.py', 'a  b'],
    environment: { A: '1' },
    given: { preExec: ['module load python'], environment: { B: '2' }, wallTimeLimit: 90, name: 'mine' },
  });
  assert.equal(JSON.stringify(description).includes(KEY.revealText()), false);
  assert.deepEqual([description.executable, description.arguments], ['python3', ['model.py', 'a  b']]);
  assert.equal(description.workingDirectory, "/home/jane's/jobs/3/work");
  assert.equal(description.name, 'mine');
  const { A, B, LATCHKEY_MODEL_FD, LATCHKEY_JOB_ID } = description.environment ?? {};
  assert.deepEqual([A, B, LATCHKEY_MODEL_FD, LATCHKEY_JOB_ID], ['1', '2', '3', '3@Models']);
  const lines = description.preExec ?? [];
  assert.equal(lines[0], "lk='/home/jane'\\''s/jobs/3'");
  // What is loaded may take long, and is in the log; the descriptor is opened last.
  const [log, loaded, opened] = ['exec >> "$lk/job.log"', 'module load python', 'exec 3<> '].map((start) =>
    lines.findIndex((line) => line.startsWith(start)),
  );
  assert.ok(0 < (log ?? 0) && (log ?? 0) < (loaded ?? 0) && (loaded ?? 0) < (opened ?? 0));
  assert.equal(opened, lines.length - 1);
});
