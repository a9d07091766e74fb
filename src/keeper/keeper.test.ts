import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { LatchkeyError, Secret } from '../kit/index.ts';
import type {
  Credential,
  Delivery,
  KeeperEvent,
  KeeperJournal,
  Lease,
  LeaseHistory,
  Source,
} from './index.ts';
import { createKeeper } from './index.ts';

const leaseOf = (id: string): Lease => ({ id, owner: id.split('/')[0] ?? '', kind: 'token', provider: 'p' });
const outage = () => new LatchkeyError('oauth/unavailable', 'the server is down', { retryable: true });
const refused = () =>
  new LatchkeyError('oauth/invalid-grant', 'the login has ended', { hint: 'log in again' });

/** A world around a keeper: what was asked, delivered and told. */
function world(options: Parameters<typeof createKeeper>[0] = {}) {
  const clock = new FakeClock();
  const keeper = createKeeper({ clock, random: () => 0.5, ...options });
  const events: KeeperEvent[] = [];
  keeper.subscribe((event) => events.push(event));
  const asked: string[] = [];
  const delivered: string[] = [];
  let serial = 0;
  const credential = (lifeSeconds: number): Credential => ({
    kind: 'token',
    id: `c${++serial}`,
    issuedAt: clock.now(),
    expiresAt: new Date(clock.now().getTime() + lifeSeconds * 1000),
    bytes: new Secret('token'),
  });
  const source = (more: Partial<Source> = {}, lifeSeconds = 3600): Source => ({
    authority: 'https://as.example',
    isLocal: false,
    obtain: async ({ id }) => {
      asked.push(id);
      return credential(lifeSeconds);
    },
    ...more,
  });
  const delivery: Delivery = {
    deliver: async ({ id }, { id: name }) => {
      delivered.push(`${id} ${name}`);
    },
    withdraw: async () => {},
  };
  const types = () => events.map(({ type }) => type);
  return { clock, keeper, events, types, asked, delivered, credential, source, delivery };
}

test('the first credential is obtained at once, the next in time, for ever', async () => {
  const { clock, keeper, asked, delivered, source, delivery, types } = world();
  keeper.hold(leaseOf('ann/x'), source(), delivery);
  assert.equal(keeper.status('ann/x')?.state, 'waiting');
  await clock.advance(1);
  assert.deepEqual(delivered, ['ann/x c1']);
  assert.equal(keeper.status('ann/x')?.state, 'current');
  await clock.advance(30 * 60_000);
  assert.equal(asked.length, 1);
  await clock.advance(6 * 60_000);
  assert.equal(asked.length, 2);
  await clock.advance(24 * 3_600_000);
  assert.ok(asked.length > 36 && asked.length < 45, String(asked.length));
  assert.ok(types().every((type) => type === 'renewed'));
  await keeper.close();
});

test('what is held already is left alone until its time', async () => {
  const { clock, keeper, asked, source, delivery, credential } = world();
  const { bytes: _, ...held } = credential(3600);
  keeper.hold(leaseOf('ann/x'), source(), delivery, held);
  await clock.advance(20 * 60_000);
  assert.deepEqual(asked, []);
  await clock.advance(20 * 60_000);
  assert.deepEqual(asked, ['ann/x']);
  await keeper.close();
});

test('failures are tried again after growing waits, and then all is well', async () => {
  const { clock, keeper, source, delivery, events } = world();
  let tries = 0;
  const obtain = async (lease: Lease, signal: AbortSignal) => {
    tries += 1;
    if (tries <= 3) throw outage();
    return await source().obtain(lease, signal);
  };
  keeper.hold(leaseOf('ann/x'), source({ obtain }), delivery);
  await clock.advance(1);
  const status = keeper.status('ann/x');
  assert.equal(status?.state, 'retrying');
  assert.equal(status?.failures, 1);
  assert.equal(status?.lastError?.code, 'oauth/unavailable');
  await clock.advance(16_000);
  assert.equal(tries, 2);
  await clock.advance(28_000);
  assert.equal(tries, 2);
  await clock.advance(3 * 60_000);
  assert.equal(tries, 4);
  assert.equal(keeper.status('ann/x')?.failures, 0);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['failed', 'failed', 'failed', 'renewed'],
  );
  await keeper.close();
});

test('what needs somebody is tried rarely, and at once when its source changes or somebody asks', async () => {
  const { clock, keeper, source, delivery } = world();
  let tries = 0;
  const refusing = source({
    obtain: async () => {
      tries += 1;
      throw refused();
    },
  });
  keeper.hold(leaseOf('ann/x'), refusing, delivery);
  await clock.advance(1);
  assert.equal(keeper.status('ann/x')?.state, 'needs-action');
  assert.equal(keeper.status('ann/x')?.lastError?.hint, 'log in again');
  await clock.advance(50 * 60_000);
  assert.equal(tries, 1);
  keeper.hold(leaseOf('ann/x'), refusing, delivery);
  await clock.advance(1000);
  assert.equal(tries, 1);
  const asking = keeper.renewNow('ann/x');
  await clock.advance(1);
  assert.equal((await asking).state, 'needs-action');
  assert.equal(tries, 2);
  keeper.hold(leaseOf('ann/x'), source(), delivery);
  await clock.advance(1);
  assert.equal(keeper.status('ann/x')?.state, 'current');
  await keeper.close();
});

test('a credential that cannot be delivered is delivered later, and its source is not asked again', async () => {
  const { clock, keeper, asked, source, delivered, delivery } = world();
  let isFull = true;
  const fragile: Delivery = {
    ...delivery,
    deliver: async (lease, credential) => {
      if (isFull) throw new LatchkeyError('file/io', 'no space left on device');
      await delivery.deliver(lease, credential);
    },
  };
  keeper.hold(leaseOf('ann/x'), source(), fragile);
  await clock.advance(10 * 60_000);
  assert.deepEqual(asked, ['ann/x']);
  assert.equal(keeper.status('ann/x')?.state, 'retrying');
  assert.equal(keeper.status('ann/x')?.lastError?.code, 'file/io');
  isFull = false;
  await clock.advance(61_000);
  assert.deepEqual(delivered, ['ann/x c1']);
  assert.deepEqual(asked, ['ann/x']);
  await keeper.close();
});

test('a source that hangs and ignores the signal loses its place; no second request begins; what comes late is used', async () => {
  const { clock, keeper, source, delivered, delivery, credential } = world({ maxParallelRequests: 1 });
  let release: (value: Credential) => void = () => {};
  let tries = 0;
  let signal: AbortSignal | undefined;
  const hanging = source({
    authority: 'https://hangs.example',
    obtain: (_, given) => {
      tries += 1;
      signal = given;
      return new Promise((resolve) => {
        release = resolve;
      });
    },
  });
  keeper.hold(leaseOf('ann/x'), hanging, delivery);
  await clock.advance(1);
  keeper.hold(leaseOf('bob/y'), source(), delivery);
  await clock.advance(29_000);
  assert.deepEqual(delivered, []);
  await clock.advance(3000);
  assert.equal(signal?.aborted, true);
  assert.equal(keeper.status('ann/x')?.lastError?.code, 'keeper/timed-out');
  assert.deepEqual(delivered, ['bob/y c1']);
  await clock.advance(5 * 60_000);
  assert.equal(tries, 1);
  assert.equal((await keeper.renewNow('ann/x')).lastError?.code, 'keeper/timed-out');
  release(credential(3600));
  await clock.advance(1);
  assert.deepEqual(delivered, ['bob/y c1', 'ann/x c2']);
  assert.equal(keeper.status('ann/x')?.state, 'current');
  await keeper.close();
});

test('a local token is there within a second although every server hangs and thousands of leases wait', async () => {
  const { clock, keeper, source, delivery, delivered } = world();
  const hanging = (authority: string) => source({ authority, obtain: () => new Promise(() => {}) });
  for (let n = 0; n < 3000; n += 1) {
    keeper.hold(leaseOf(`u${n}/x`), hanging(`https://as${n % 40}.example`), delivery);
  }
  await clock.advance(1);
  const local = source({ authority: 'local', isLocal: true }, 1200);
  const slow = source({ ...local, obtain: () => new Promise(() => {}) });
  for (let n = 0; n < 100; n += 1) keeper.hold(leaseOf(`slow${n}/l`), slow, delivery);
  await clock.advance(11_000);
  keeper.hold(leaseOf('ann/scitokens'), local, delivery);
  await clock.advance(999);
  assert.deepEqual(delivered, ['ann/scitokens c1']);
  const asking = keeper.renewNow('ann/scitokens');
  await clock.advance(999);
  assert.equal((await asking).credentialId, 'c2');
  const closing = keeper.close();
  await clock.advance(8000);
  await closing;
});

test('a server that fails is left alone; others are not touched; it is tried with one request', async () => {
  const { clock, keeper, source, delivery, events, asked } = world();
  let isDown = true;
  let tries = 0;
  const sick = source({
    authority: 'https://sick.example',
    obtain: async (lease, signal) => {
      tries += 1;
      if (isDown) throw outage();
      return await source().obtain(lease, signal);
    },
  });
  for (let n = 0; n < 50; n += 1) keeper.hold(leaseOf(`u${n}/x`), sick, delivery);
  for (let n = 0; n < 50; n += 1) keeper.hold(leaseOf(`u${n}/y`), source(), delivery);
  await clock.advance(2000);
  await clock.settle(100);
  assert.equal(asked.length, 50);
  // Four had begun before the first answer; then one at a time.
  assert.ok(tries >= 5 && tries <= 8, String(tries));
  const refusal = await keeper.renewNow('u49/x');
  assert.equal(refusal.lastError?.code, 'keeper/breaker-open');
  const before = tries;
  await clock.advance(40_000);
  assert.equal(tries, before + 1);
  isDown = false;
  await clock.advance(15 * 60_000);
  assert.equal(asked.length, 100);
  const states = events.flatMap((event) => (event.type === 'breaker' ? [event.state] : []));
  assert.deepEqual(states.slice(0, 3), ['open', 'half-open', 'open']);
  assert.equal(states.at(-1), 'closed');
  await keeper.close();
});

test('somebody else may bring a credential: the failures are over', async () => {
  const { clock, keeper, source, delivery, credential } = world();
  const failing = source({
    obtain: async () => {
      throw refused();
    },
  });
  keeper.hold(leaseOf('ann/x'), failing, delivery);
  await clock.advance(1);
  const { bytes: _, ...held } = credential(3600);
  keeper.hold(leaseOf('ann/x'), failing, delivery, held);
  const status = keeper.status('ann/x');
  assert.deepEqual([status?.state, status?.failures, status?.credentialId], ['current', 0, held.id]);
  await keeper.close();
});

test('released in the middle: the request is broken off, nothing is delivered, who waits is told', async () => {
  const { clock, keeper, source, delivery, delivered, credential, types } = world();
  let finish: (value: Credential) => void = () => {};
  let signal: AbortSignal | undefined;
  const slow = source({
    obtain: (_, given) => {
      signal = given;
      return new Promise((resolve) => {
        finish = resolve;
      });
    },
  });
  keeper.hold(leaseOf('ann/x'), slow, delivery);
  await clock.advance(1);
  const asking = assert.rejects(keeper.renewNow('ann/x'), { code: 'keeper/released' });
  keeper.release('ann/x');
  await asking;
  assert.equal(signal?.aborted, true);
  finish(credential(3600));
  await clock.advance(1000);
  assert.deepEqual(delivered, []);
  assert.equal(keeper.size, 0);
  assert.deepEqual(types(), ['released']);
  await assert.rejects(keeper.renewNow('ann/x'), { code: 'keeper/released' });
  await keeper.close();
});

test('what throws where it should not touches nobody else, and its text goes nowhere', async () => {
  const thrown: unknown[] = [];
  const { clock, keeper, source, delivery, delivered } = world({ onListenerError: (e) => thrown.push(e) });
  keeper.subscribe(() => {
    throw new Error('a listener');
  });
  const broken = source({
    obtain: () => {
      throw new TypeError('eyJhbGciOi is not a token');
    },
  });
  const nothing = source({ obtain: () => Promise.reject(undefined) });
  keeper.hold(leaseOf('ann/x'), broken, delivery);
  keeper.hold(leaseOf('bob/x'), nothing, delivery);
  keeper.hold(leaseOf('cem/x'), source(), delivery);
  await clock.advance(1);
  assert.deepEqual(delivered, ['cem/x c1']);
  const failure = keeper.status('ann/x')?.lastError;
  assert.equal(failure?.code, 'unexpected');
  assert.match(failure?.message ?? '', /TypeError/);
  assert.doesNotMatch(JSON.stringify(failure), /eyJ/);
  assert.equal(keeper.status('bob/x')?.state, 'retrying');
  assert.equal(thrown.length, 3);
  await keeper.close();
});

test('what ends soon is told of once, and only when it should have been renewed by then', async () => {
  const { clock, keeper, source, delivery, events, credential } = world();
  const { bytes: _, ...held } = credential(3600);
  const down = source({
    obtain: async () => {
      throw outage();
    },
  });
  keeper.hold(leaseOf('ann/x'), down, delivery, held);
  keeper.hold(leaseOf('bob/short'), source({}, 300), delivery);
  await clock.advance(53 * 60_000);
  const told = () => events.filter(({ type }) => type === 'expiring');
  assert.deepEqual(told(), []);
  await clock.advance(6 * 60_000);
  assert.deepEqual(
    told().map((event) => (event.type === 'expiring' ? event.lease.id : '')),
    ['ann/x'],
  );
  await clock.advance(60 * 60_000);
  assert.equal(told().length, 1);
  await keeper.close();
});

test('a start with thousands overdue asks a server with what is most urgent first, and spreads the rest', async () => {
  const { clock, keeper, source, delivery, asked, credential } = world({ random: Math.random });
  const now = clock.now().getTime();
  const at = (minutes: number) => new Date(now + minutes * 60_000);
  for (let n = 0; n < 300; n += 1) {
    const held = { ...credential(0), issuedAt: at(-60), expiresAt: at(n % 2 === 0 ? 20 : 1 + n / 1000) };
    keeper.hold(leaseOf(`u${n}/x`), source(), delivery, held);
  }
  await clock.advance(1);
  await clock.settle(200);
  assert.equal(asked.length, 150);
  assert.equal(asked[0], 'u1/x');
  assert.ok(asked.every((id) => Number(/\d+/.exec(id)?.[0]) % 2 === 1));
  await clock.advance(2.5 * 60_000);
  assert.ok(asked.length > 190 && asked.length < 260, String(asked.length));
  await clock.advance(3 * 60_000);
  assert.equal(asked.length, 300);
  await keeper.close();
});

test('set clocks: credentials end when they end, waits keep their length, nothing storms', async () => {
  const { clock, keeper, source, delivery, asked } = world({ random: Math.random });
  for (let n = 0; n < 100; n += 1) keeper.hold(leaseOf(`u${n}/x`), source(), delivery);
  await clock.advance(1000);
  await clock.settle(200);
  assert.equal(asked.length, 100);
  // A suspended machine: within a minute it is noticed; a good part of the life is left, so it is spread.
  clock.jump(45 * 60_000);
  await clock.advance(61_000);
  assert.ok(asked.length < 150, String(asked.length));
  await clock.advance(5 * 60_000);
  assert.equal(asked.length, 200);
  // The clock was wrong, and is put back by a day: tokens from the future are replaced, in their own time.
  clock.jump(-24 * 3_600_000);
  await clock.advance(61_000);
  assert.ok(asked.length < 240, String(asked.length));
  await clock.advance(6 * 60_000);
  assert.equal(asked.length, 300);
  await keeper.close();
});

test('a start does not ask again at once what was refused before it, except for what is local', async () => {
  const { clock, keeper, source, delivery, asked } = (() => {
    const start = new FakeClock().now().getTime();
    const history: LeaseHistory = { failures: 3, nextAt: start + 600_000, lastRenewedAt: start - 1000 };
    const journal: KeeperJournal = {
      recall: () => history,
      remember: () => {},
      forget: () => {},
      flush: async () => {},
      close: async () => {},
    };
    return world({ journal });
  })();
  keeper.hold(leaseOf('ann/x'), source(), delivery);
  keeper.hold(leaseOf('ann/local'), source({ isLocal: true, authority: 'local' }), delivery);
  await clock.advance(590_000);
  assert.deepEqual(asked, ['ann/local']);
  assert.equal(keeper.status('ann/x')?.failures, 3);
  await clock.advance(20_000);
  assert.deepEqual(asked, ['ann/local', 'ann/x']);
  await keeper.close();
});

test('renewals come on whole seconds together; a new request waits for no timer', async () => {
  const { clock, keeper, source, delivery, delivered } = world({ random: Math.random });
  const held = {
    kind: 'token',
    issuedAt: clock.now(),
    expiresAt: new Date(clock.now().getTime() + 3_600_000),
  };
  for (let n = 0; n < 20; n += 1) keeper.hold(leaseOf(`ann/${n}`), source(), delivery, held);
  for (const { nextAt } of keeper.list()) assert.equal((nextAt?.getTime() ?? 1) % 1000, 0);
  keeper.hold(leaseOf('bob/x'), source(), delivery);
  await clock.settle();
  assert.deepEqual(delivered, ['bob/x c1']);
  await keeper.close();
});

test('a request that comes amid many renewals waits for a few of them, not for all', async () => {
  const { clock, keeper, source, delivery, delivered } = world();
  const local = source({ authority: 'local', isLocal: true });
  const once: Delivery = {
    ...delivery,
    deliver: async (lease, credential) => {
      if (delivered.length === 0) keeper.hold(leaseOf('new/x'), local, delivery);
      await delivery.deliver(lease, credential);
    },
  };
  const held = {
    kind: 'token',
    issuedAt: clock.now(),
    expiresAt: new Date(clock.now().getTime() + 3_600_000),
  };
  for (let n = 0; n < 100; n += 1) keeper.hold(leaseOf(`ann/${n}`), local, once, held);
  await clock.advance(3_600_000);
  const place = delivered.findIndex((one) => one.startsWith('new/x'));
  assert.ok(place >= 1 && place <= 5, String(place));
  await keeper.close();
});

test('closing lets a request end that has begun, and breaks off what does not', async () => {
  const { clock, keeper, source, delivery, delivered, credential } = world();
  const quick = source({
    obtain: async () => {
      await clock.sleep(1000);
      return credential(3600);
    },
  });
  let isAborted = false;
  const endless = source({
    obtain: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          isAborted = true;
          reject(signal.reason);
        });
      }),
  });
  keeper.hold(leaseOf('ann/x'), quick, delivery);
  keeper.hold(leaseOf('bob/x'), endless, delivery);
  await clock.advance(1);
  const asking = assert.rejects(keeper.renewNow('bob/x'), { code: 'keeper/released' });
  const closing = keeper.close();
  await clock.advance(2001);
  await closing;
  await asking;
  assert.deepEqual(delivered, ['ann/x c1']);
  assert.equal(isAborted, true);
  assert.throws(() => keeper.hold(leaseOf('cem/x'), quick, delivery), TypeError);
});

test('a breaker whose time is over while no place is free keeps nobody busy', async () => {
  const { clock, keeper, source, delivery } = world({ maxParallelRequests: 1 });
  const sick = (authority: string) =>
    source({
      authority,
      obtain: async () => {
        throw outage();
      },
    });
  for (let n = 0; n < 12; n += 1) keeper.hold(leaseOf(`u${n}/x`), sick('https://sick.example'), delivery);
  await clock.advance(1000);
  const hanging = source({ authority: 'https://hangs.example', obtain: () => new Promise(() => {}) });
  await clock.advance(25_000);
  keeper.hold(leaseOf('ann/y'), hanging, delivery);
  // Would not come back: a timer that is set to the past rings for ever.
  await clock.advance(20_000);
  const closing = keeper.close();
  await clock.advance(8000);
  await closing;
});

test('a full disk is no fault of the server: it is not left alone, and all is tried again within a minute', async () => {
  const { clock, keeper, source, delivery, types, asked } = world();
  let isFull = true;
  const careful = source({
    obtain: async (lease, signal) => {
      if (isFull) throw new LatchkeyError('file/io', 'no space left on device', { retryable: true });
      return await source().obtain(lease, signal);
    },
  });
  for (let n = 0; n < 20; n += 1) keeper.hold(leaseOf(`u${n}/x`), careful, delivery);
  await clock.advance(30 * 60_000);
  assert.ok(!types().includes('breaker'));
  isFull = false;
  await clock.advance(60_000);
  assert.equal(asked.length, 20);
  await keeper.close();
});

test('who asks now is answered before the thousand that a start has found without a token', async () => {
  const { clock, keeper, source, delivery, delivered, credential } = world();
  const slow = source({
    authority: 'local',
    isLocal: true,
    obtain: async () => {
      await clock.sleep(400);
      return credential(1200);
    },
  });
  for (let n = 0; n < 1000; n += 1) keeper.hold(leaseOf(`u${n}/l`), slow, delivery);
  await clock.advance(2000);
  assert.ok(delivered.length < 200, String(delivered.length));
  keeper.hold(leaseOf('ann/l'), slow, delivery);
  await clock.advance(1000);
  assert.equal(keeper.status('ann/l')?.state, 'current');
  await clock.advance(60_000);
  assert.equal(delivered.length, 1001);
  await keeper.close();
});
