import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../../../../kit/index.ts';
import { parseHostUrl } from './batch-ground.ts';
import { checkedGiven } from './given-description.ts';

const SLURM = 'slurm://localhost?queue=short';
const given = (job: Readonly<Record<string, unknown>>, url = SLURM) =>
  checkedGiven({ url, job }, parseHostUrl(url));

test('what is asked of the scheduler, in any spelling; a model is not run once more by itself', () => {
  const { wallTimeLimit, totalPhysicalMemory, queue, directives } = given({
    WallTimeLimit: '2h',
    total_physical_memory: 4000,
    directives: ['--constraint=knl'],
  });
  assert.deepEqual([wallTimeLimit, totalPhysicalMemory, queue], [120, 4000, 'short']);
  assert.deepEqual(directives, ['--no-requeue', '--constraint=knl']);
  assert.equal(given({}, 'ssh://node').directives, undefined);
});

test('what is unknown, impossible there, or makes a job a model is refused before any job is', () => {
  const refused = (job: Readonly<Record<string, unknown>>, words: RegExp, url?: string) =>
    assert.throws(
      () => given(job, url),
      (error) => isLatchkeyError(error) && words.test(`${error.message} ${error.hint}`),
    );
  refused({ wallTime: '2h' }, /no attribute "wallTime"/);
  refused({ totalPhysicalMemory: 4000 }, /no way to carry out "totalPhysicalMemory"/, 'ssh://node');
  for (const name of ['executable', 'WorkingDirectory', 'array_size', 'output', 'cleanup'])
    refused({ [name]: 'x' }, /is not said in its job/);
});

test('a host is a scheduler, or another machine', () => {
  assert.equal(parseHostUrl('slurm://localhost/?queue=short').queue, 'short');
  for (const url of ['local://', 'ec2://', 'slurm://elsewhere', 'node7', 'ssh://'])
    assert.throws(
      () => parseHostUrl(url),
      (error) => isLatchkeyError(error, 'jobs/url'),
    );
});
