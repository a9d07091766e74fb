import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { LatchkeyError } from '../kit/index.ts';
import type { CommandResult, Transport } from '../ssh/index.ts';
import type { BatchStatus } from './batch-system.ts';
import { Follower } from './follower.ts';
import { type JobChange, newEntry } from './job-entry.ts';
import { machine } from './machine.ts';
import { StatusDesk } from './status-desk.ts';
import type { Workplace } from './workplace.ts';

const EMPTY: CommandResult = { exitCode: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };

/** A scheduler that says what it is told to; it counts what it is asked. */
function scriptedScheduler() {
  const asked: number[] = [];
  const answer = { statuses: [] as readonly BatchStatus[], error: undefined as Error | undefined };
  return { clock: new FakeClock(), asked, answer, desk: new StatusDesk() };
}

/** A follower of jobs there; of the same scheduler as another, when that is given. */
function scripted(
  { clock, asked, answer, desk }: ReturnType<typeof scriptedScheduler> = scriptedScheduler(),
) {
  const transport = {
    description: 'test',
    run: async () => EMPTY,
    script: async () => EMPTY,
  } as unknown as Transport;
  const place: Workplace = {
    ...{ transport, home: '/', login: 'me', root: '/r', close: async () => {} },
    system: {
      ...machine('/r', 1),
      query: (ids) => {
        asked.push(ids.length);
        return { argv: ['query'] };
      },
      parseQuery: () => {
        if (answer.error !== undefined) throw answer.error;
        return answer.statuses;
      },
    },
  };
  const follower = new Follower({
    place: async () => place,
    desk: () => desk,
    clock,
    poll: { leastMs: 1000, mostMs: 30_000 },
    vanishedAfterMs: 60_000,
    ...{
      finish: async () => {},
      withdraw: async () => {},
      giveAgain: async () => undefined,
      ended: () => {},
    },
  });
  const add = (native: string) => {
    const about = {
      id: `[local://localhost]-[${native}]`,
      native,
      tag: native,
      job: undefined,
      hasCredentials: false,
      hasForgottenFiles: false,
    };
    const entry = newEntry(about, 'Pending', clock.now());
    const changes: JobChange[] = [];
    entry.listeners.add((change) => changes.push(change));
    follower.add(entry);
    return { entry, changes };
  };
  return { clock, asked, answer, desk, follower, add };
}

const running = (id: string): BatchStatus => ({ id, state: 'Running', native: 'R' });

test('a thousand jobs are one question, and the questions become rare when nothing changes', async () => {
  const { clock, asked, answer, follower, add } = scripted();
  for (let n = 0; n < 1000; n += 1) add(`j${n}`);
  answer.statuses = Array.from({ length: 1000 }, (_, n) => running(`j${n}`));
  await clock.advance(3000);
  assert.equal(asked[0], 1000);
  await clock.advance(600_000);
  asked.length = 0;
  await clock.advance(600_000);
  assert.deepEqual(
    asked,
    Array.from({ length: 20 }, () => 1000),
  );
  // Something is about to change.
  follower.soon();
  await clock.advance(1500);
  assert.equal(asked.length, 21);
  follower.close();
});

test('a failed query changes no state; it is told once, asked less often, and then recovers', async () => {
  const { clock, asked, answer, follower, add } = scripted();
  const { entry, changes } = add('a');
  answer.statuses = [running('a')];
  await clock.advance(3000);
  assert.equal(entry.facts.state, 'Running');
  answer.error = new LatchkeyError('jobs/scheduler', 'squeue failed: no answer', { retryable: true });
  asked.length = 0;
  await clock.advance(3_600_000);
  assert.equal(entry.facts.state, 'Running');
  assert.equal(entry.trouble?.message, 'squeue failed: no answer');
  assert.ok(asked.length <= 66, `${asked.length} questions in an hour`);
  answer.error = undefined;
  answer.statuses = [{ ...running('a'), state: 'Done', native: 'CD', exitCode: 0 }];
  await clock.advance(61_000);
  assert.deepEqual(
    changes.map((change) => (change.kind === 'state' ? change.facts.state : change.kind)),
    ['Running', 'trouble', 'recovered', 'Done'],
  );
  assert.equal(entry.trouble, undefined);
  asked.length = 0;
  await clock.advance(600_000);
  assert.deepEqual(asked, [], 'nobody is left to be asked after');
  follower.close();
});

test('what is final stays, whatever is said later', async () => {
  const { clock, answer, follower, add } = scripted();
  const { entry } = add('a');
  answer.statuses = [{ ...running('a'), state: 'Failed', native: 'F', exitCode: 2 }];
  await clock.advance(3000);
  answer.statuses = [running('a')];
  follower.add(entry);
  await clock.advance(60_000);
  assert.equal(entry.facts.state, 'Failed');
  follower.close();
});

test('closed, it sleeps no more: nothing keeps the process', async () => {
  const { clock, asked, follower, add } = scripted();
  add('a');
  await clock.settle();
  follower.soon();
  await clock.settle();
  assert.equal(clock.sleepers, 1);
  follower.close();
  await clock.settle();
  assert.equal(clock.sleepers, 0);
  await clock.advance(600_000);
  assert.deepEqual(asked, []);
});

test('services of one scheduler ask together: one question for the jobs of all, and each hears of its own', async () => {
  const one = scripted();
  const { clock, asked, answer } = one;
  const two = scripted(one);
  const three = scripted(one);
  const jobs = [one.add('a'), two.add('b'), three.add('c')];
  answer.statuses = ['a', 'b', 'c'].map(running);
  await clock.advance(60_000);
  assert.deepEqual(
    jobs.map(({ entry }) => entry.facts.state),
    ['Running', 'Running', 'Running'],
  );
  // At rest, one question in half a minute, whoever asks it.
  await clock.advance(600_000);
  asked.length = 0;
  await clock.advance(600_000);
  assert.deepEqual(
    asked,
    Array.from({ length: 20 }, () => 3),
  );
  answer.statuses = ['a', 'c'].map(running);
  answer.statuses = [...answer.statuses, { ...running('b'), state: 'Done', native: 'CD', exitCode: 0 }];
  asked.length = 0;
  await one.follower.ask();
  await clock.settle();
  assert.deepEqual([asked, jobs[1]?.entry.facts.state], [[3], 'Done']);
  // One that goes takes nothing with it.
  one.follower.close();
  asked.length = 0;
  answer.error = new LatchkeyError('jobs/scheduler', 'no answer', { retryable: true });
  await three.follower.ask();
  assert.deepEqual(
    [asked, jobs.map(({ entry }) => entry.trouble?.message)],
    [[1], [undefined, undefined, 'no answer']],
  );
  two.follower.close();
  three.follower.close();
});

test('a job that was added while the question was under way is not taken for one that nobody knows', async () => {
  const { clock, answer, follower, add } = scripted();
  add('a');
  let late: ReturnType<typeof add> | undefined;
  Object.defineProperty(answer, 'statuses', {
    get: () => {
      late ??= add('b');
      return [running('a')];
    },
  });
  await follower.ask();
  assert.deepEqual([late?.entry.missingSince, late?.entry.facts.state], [undefined, 'Pending']);
  await clock.settle();
  follower.close();
});
