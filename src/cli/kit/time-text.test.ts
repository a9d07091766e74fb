import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialLines } from './credential-lines.ts';
import { asctime, secondsLeft, timeLeft } from './time-text.ts';

test('times: asctime pads the day with a blank and is in local time', () => {
  assert.equal(asctime(new Date(2008, 10, 6, 2, 3, 7)), 'Thu Nov  6 02:03:07 2008');
  assert.equal(asctime(new Date(2026, 10, 29, 20, 50, 59)), 'Sun Nov 29 20:50:59 2026');
});

test('times: what is left, days only above one day', () => {
  assert.equal(timeLeft(0), '0:00:00');
  assert.equal(timeLeft(-5), '0:00:00');
  assert.equal(timeLeft(86_400), '24:00:00');
  assert.equal(timeLeft(86_401), '24:00:01  (1.0 days)');
  assert.equal(timeLeft(8759 * 3600 + 59 * 60 + 23), '8759:59:23  (365.0 days)');
  assert.equal(secondsLeft(new Date(10_999), new Date(1_001)), 9);
});

test('times: a credential in the layout that scripts take apart', () => {
  const facts = {
    owner: '/CN=j',
    name: 'n',
    description: 'd',
    retrievers: '*',
    lockMessage: 'no',
    endTime: new Date(5000),
  };
  assert.equal(
    credentialLines(facts, new Date(0)),
    'owner: /CN=j\n  name: n\n  description: d\n  retrieval policy: *\n  locked: no\n  timeleft: 0:00:05\n',
  );
});
