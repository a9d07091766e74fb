import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatchkeyError } from '../kit/index.ts';
import { failureKind, retryDelayMs } from './back-off.ts';

test('pauses double from a second to a minute, up to a quarter shorter or longer', () => {
  const middle = Array.from({ length: 9 }, (_, attempt) => retryDelayMs(attempt, 'unreachable', 0.5));
  assert.deepEqual(middle, [50, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  assert.equal(retryDelayMs(1, 'unreachable', 0), 750);
  assert.equal(retryDelayMs(1000, 'unreachable', 1), 75_000);
});

test('after a refused login nobody comes back before sshd’s penalty of 15 s is over, nor waits more than 12.5 minutes', () => {
  assert.equal(retryDelayMs(1, 'refused', 0), 15_000);
  assert.equal(retryDelayMs(2, 'refused', 0), 30_000);
  assert.equal(retryDelayMs(50, 'refused', 1), 750_000);
});

test('a server that turns away after a refused login is waited for as long as its penalty lasts', () => {
  const denied = new LatchkeyError('ssh/denied', 'refused');
  const away = new LatchkeyError('ssh/unreachable', 'away', { details: { reason: 'not-allowed' } });
  const down = new LatchkeyError('ssh/unreachable', 'down', { details: { reason: 'refused' } });
  assert.equal(failureKind('unreachable', denied), 'refused');
  assert.equal(failureKind('refused', away), 'refused');
  assert.equal(failureKind('unreachable', away), 'unreachable');
  assert.equal(failureKind('refused', down), 'unreachable');
});
