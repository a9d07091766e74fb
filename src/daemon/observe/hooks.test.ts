import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HookSettings } from '../../credmon/index.ts';
import type { KeeperEvent, Lease } from '../../keeper/index.ts';
import { type Clock, LatchkeyError } from '../../kit/index.ts';
import { isSafeHookUrl } from './hook-delivery.ts';
import { type HookEvent, hookEventOf } from './hook-event.ts';
import { hookQueue } from './hook-queue.ts';
import { openHooks } from './hooks.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const lease: Lease = { id: 'alice/scitokens', owner: 'alice', kind: 'token', provider: 'scitokens' };

function failed(failures: number, code: 'oauth/unavailable' | 'oauth/invalid-grant'): KeeperEvent {
  return {
    type: 'failed',
    lease,
    failures,
    failure: { code, message: 'the server said no', at: NOW },
    nextAt: new Date(NOW.getTime() + 60_000),
    expiresAt: undefined,
  };
}

function event(leaseId: string, kind: HookEvent['event'] = 'renewed', time = NOW.toISOString()): HookEvent {
  return { event: kind, time, lease: leaseId, owner: 'alice', provider: 'p', kind: 'token' };
}

const hook: HookSettings = {
  name: 'mail',
  on: ['renewed', 'failed'],
  target: { kind: 'command', command: ['/bin/true'] },
  timeoutSeconds: 5,
};

/** Sleeps end when the test says so. */
function steppedClock(): Clock & { readonly slept: number[]; step(): Promise<void> } {
  const waiting: (() => void)[] = [];
  const slept: number[] = [];
  return {
    slept,
    now: () => NOW,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        slept.push(milliseconds);
        waiting.push(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
    step: async () => {
      waiting.shift()?.();
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    },
  };
}

test('of a row of failures the first is told, and each at which the reason changes', () => {
  assert.equal(hookEventOf(failed(1, 'oauth/unavailable'), NOW, undefined)?.cause, 'oauth/unavailable');
  assert.equal(hookEventOf(failed(2, 'oauth/unavailable'), NOW, 'oauth/unavailable'), undefined);
  assert.equal(
    hookEventOf(failed(3, 'oauth/invalid-grant'), NOW, 'oauth/unavailable')?.cause,
    'oauth/invalid-grant',
  );
  assert.equal(hookEventOf({ type: 'released', lease }, NOW, undefined), undefined);
});

test('of one lease and kind only the newest waits, and a full queue takes no more', () => {
  const queue = hookQueue(2);
  assert.equal(queue.offer(event('a', 'failed', 'old')), true);
  assert.equal(queue.offer(event('b')), true);
  assert.equal(queue.offer(event('c')), false);
  assert.equal(queue.offer(event('a', 'failed', 'new')), true);
  assert.deepEqual(
    queue.take(10).map(({ lease: id, time }) => [id, time]),
    [
      ['b', NOW.toISOString()],
      ['a', 'new'],
    ],
  );
  assert.equal(queue.size, 0);
});

test('events of one second go together, and only those the hook is for', async () => {
  const clock = steppedClock();
  const told: string[][] = [];
  const hooks = openHooks([hook], {
    clock,
    deliveryTo: () => async (events) => {
      told.push(events.map(({ lease: id }) => id));
    },
    log: () => {},
  });
  hooks.offer(event('a'));
  hooks.offer(event('b', 'failed'));
  hooks.offer(event('c', 'expiring'));
  await clock.step();
  assert.deepEqual(told, [['a', 'b']]);
  assert.deepEqual(hooks.counts.get('mail'), { delivered: 1, failed: 0, dropped: 0 });
  await hooks.close();
});

test('what may work later is tried again twice, what cannot is lost and counted', async () => {
  for (const [retryable, failures, tries] of [
    [true, 3, 3],
    [false, 1, 1],
  ] as const) {
    const clock = steppedClock();
    const lines: string[] = [];
    let calls = 0;
    const hooks = openHooks([hook], {
      clock,
      deliveryTo: () => async () => {
        calls += 1;
        throw new LatchkeyError('http/unreachable', 'nobody is there', { retryable });
      },
      log: (_level, line) => lines.push(line),
    });
    hooks.offer(event('a'));
    for (let step = 0; step < 4; step += 1) await clock.step();
    assert.equal(calls, tries);
    assert.deepEqual(hooks.counts.get('mail'), { delivered: 0, failed: failures, dropped: 1 });
    assert.match(lines.at(-1) ?? '', /^hook "mail": nobody is there; 1 events are lost$/);
    await hooks.close();
  }
});

test('closing ends a delivery that hangs', async () => {
  const clock = steppedClock();
  const hooks = openHooks([hook], {
    clock,
    deliveryTo: () => (_events, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    log: () => assert.fail('nothing to say when closing'),
  });
  hooks.offer(event('a'));
  await clock.step();
  await hooks.close();
  hooks.offer(event('b'));
  assert.deepEqual(hooks.counts.get('mail')?.delivered, 0);
});

test('a webhook is https, or http of this machine, without a password in it', () => {
  for (const good of [
    'https://hooks.example/x',
    'http://127.0.0.1:8080/',
    'http://[::1]/',
    'http://localhost',
  ])
    assert.equal(isSafeHookUrl(good), true, good);
  for (const bad of [
    'http://hooks.example/x',
    'http://127.0.0.1.example/',
    'https://user:secret@hooks.example/',
    'file:///etc/passwd',
    'hooks.example',
  ])
    assert.equal(isSafeHookUrl(bad), false, bad);
});
