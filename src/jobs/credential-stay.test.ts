import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CredentialStay, stayOf } from './credential-stay.ts';
import { newEntry } from './job-entry.ts';
import type { JobFacts } from './job-facts.ts';

const at = (seconds: number) => new Date(seconds * 1000);
const RUNS: JobFacts = { state: 'Running', startedAt: at(10) };
const GONE: JobFacts = { state: 'Unknown', reason: 'vanished' };

test('credentials leave what has vanished, and return to what is found again or runs once more', () => {
  const about = { id: 'a', native: 'a', tag: 'a', job: undefined, hasForgottenFiles: false };
  const rows: readonly [CredentialStay, JobFacts, JobFacts, CredentialStay][] = [
    ['there', { state: 'Pending' }, RUNS, 'there'],
    ['there', RUNS, RUNS, 'there'],
    ['there', RUNS, { state: 'Suspended', startedAt: at(10) }, 'there'],
    ['there', RUNS, { state: 'Pending' }, 'returning'],
    ['there', { state: 'Suspended', startedAt: at(10) }, { state: 'Pending' }, 'returning'],
    ['there', RUNS, { state: 'Running', startedAt: at(20) }, 'returning'],
    ['there', RUNS, { state: 'Running' }, 'there'],
    ['there', RUNS, GONE, 'leaving'],
    ['away', GONE, GONE, 'away'],
    ['away', GONE, RUNS, 'returning'],
    ['leaving', GONE, RUNS, 'returning'],
    ['returning', RUNS, RUNS, 'returning'],
    ['returning', RUNS, GONE, 'leaving'],
    ['there', RUNS, { state: 'Failed' }, 'there'],
  ];
  for (const [stay, before, now, expected] of rows) {
    const entry = newEntry({ ...about, hasCredentials: true }, 'Pending', at(0));
    entry.credentialStay = stay;
    entry.tasks.set(0, now);
    assert.equal(stayOf(entry, new Map([[0, before]]), now), expected, `${stay} ${now.state}`);
    const without = newEntry({ ...about, hasCredentials: false }, 'Pending', at(0));
    assert.equal(stayOf(without, new Map([[0, before]]), now), 'there');
    // Nobody has told of it this time: nothing is known yet.
    if (now === GONE) continue;
    entry.missingSince = 1;
    assert.equal(stayOf(entry, new Map([[0, before]]), now), stay);
  }
});
