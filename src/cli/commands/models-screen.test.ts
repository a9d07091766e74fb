import assert from 'node:assert/strict';
import { test } from 'node:test';
import { screenLines } from './models-screen.ts';

const status = [
  'Models: 60 of 60 jobs, 0 free',
  '',
  'JOB  STATE',
  ...Array.from({ length: 60 }, (_, n) => `${n + 1}@Models  running`),
];

test('sixty jobs on a terminal of 80 by 24: as many as there is room for, and how many more', () => {
  const lines = screenLines(status, 3, { rows: 24, columns: 80 });
  assert.equal(lines.length, 24);
  assert.equal(lines[3], '1@Models  running');
  assert.equal(lines[22], '20@Models  running');
  assert.equal(lines[23], '… 40 more');
});

test('a terminal of 20 by 5, and ones that have room for nothing', () => {
  assert.deepEqual(screenLines(status, 3, { rows: 5, columns: 20 }), [
    'Models: 60 of 60 jo…',
    '',
    'JOB  STATE',
    '1@Models  running',
    '… 59 more',
  ]);
  assert.deepEqual(screenLines(status, 3, { rows: 2, columns: 9 }), ['Models: …', '… 60 more']);
  assert.deepEqual(screenLines(status, 3, { rows: 1, columns: 3 }), ['Mo…']);
});

test('what fits is shown whole', () => {
  assert.deepEqual(screenLines(status, 3, { rows: 63, columns: 80 }), status);
  assert.deepEqual(screenLines(['Models: no jobs'], 3, { rows: 1, columns: 15 }), ['Models: no jobs']);
});
