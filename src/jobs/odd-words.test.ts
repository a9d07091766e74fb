// What a machine says of jobs is a stranger's word: names that every object has, and moments that no date can be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBegin, parseEnd } from './job-record.ts';
import { lsf } from './lsf.ts';
import { machine } from './machine.ts';
import { slurm } from './slurm.ts';

const result = (stdout: string) => ({ exitCode: 0, stdout: Buffer.from(stdout), stderr: Buffer.alloc(0) });
const WORDS = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];

test('a word that every object knows is no state and no reason', () => {
  for (const word of WORDS) {
    const [queued, waiting] = slurm.parseQuery(
      result(`7|7|${word}|None|0|1|2|3|n1\n8|8|PENDING|${word}|0|1|0|0|\n`),
    );
    assert.equal(queued?.state, 'Unknown');
    assert.deepEqual([waiting?.state, waiting?.reason], ['Pending', undefined]);
    assert.equal(slurm.accounting?.parse(result(`7|${word}|0:0|1|2|3|n1\n`))[0]?.state, 'Unknown');
    const record = { JOBID: '7', JOBINDEX: '0', STAT: word };
    const answer = JSON.stringify({ COMMAND: 'bjobs', JOBS: 1, RECORDS: [record] });
    assert.equal(lsf.parseQuery(result(answer))[0]?.state, 'Unknown');
    assert.deepEqual(machine('/root', 1).parseQuery(result(`a|${word}||\n`)), []);
  }
});

test('a moment that no date can be is none, and the other jobs are listed', () => {
  const far = '9'.repeat(20);
  assert.equal(parseBegin(`${far} 4711 1 - node`), undefined);
  assert.equal(parseEnd(`${far} 0 0 -`), undefined);
  assert.equal(parseBegin('1796072712 4711 1 - node')?.startedAt.getTime(), 1_796_072_712_000);
  const [odd] = slurm.parseQuery(result(`7|7|RUNNING|None|0|${far}|${far}|${far}|n1\n`));
  assert.deepEqual([odd?.state, odd?.submittedAt, odd?.startedAt], ['Running', undefined, undefined]);
});
