import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createKeeper, type Lease, type Source } from '../../src/keeper/index.ts';
import { LatchkeyError, Secret } from '../../src/kit/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

const MINUTE = 60_000;
const BOUNDS = { maxParallelRequests: 6, maxParallelPerAuthority: 3, maxParallelLocal: 4 };

type Mood = 'well' | 'slow' | 'down' | 'refusing' | 'hanging' | 'deaf' | 'broken';

/** One authority: how it behaves in each quarter of an hour. The first two are always well. */
interface Authority {
  readonly leases: number;
  readonly lifeMinutes: number;
  readonly moods: readonly Mood[];
}

const mood = fc.constantFrom<Mood>('well', 'slow', 'down', 'refusing', 'hanging', 'deaf', 'broken');
const authority = (moods: fc.Arbitrary<Mood>) =>
  fc.record({
    leases: fc.integer({ min: 1, max: 8 }),
    lifeMinutes: fc.constantFrom(20, 45, 60, 180),
    moods: fc.array(moods, { minLength: 12, maxLength: 12 }),
  });
const worlds = fc.record({
  local: authority(fc.constant('well')),
  healthy: authority(fc.constantFrom('well', 'slow')),
  sick: fc.array(authority(mood), { minLength: 1, maxLength: 4 }),
  jumps: fc.array(fc.record({ minute: fc.nat(170), minutes: fc.integer({ min: -600, max: 600 }) }), {
    maxLength: 2,
  }),
  releases: fc.array(fc.nat(170), { maxLength: 3 }),
  seed: fc.integer({ min: 1, max: 2 ** 30 }),
});

/**
 * Lets a keeper live for five hours in worlds made at random, whose servers fail in every way and whose clock jumps: bounds on
 * parallel work hold, no lease is asked for twice at a time, leases of well authorities never come near their end, and in the
 * end all are renewed.
 */
export async function runKeeperModel(numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(worlds, async ({ local, healthy, sick, jumps, releases, seed }) => {
      const clock = new FakeClock();
      const random = generator(seed);
      const keeper = createKeeper({ clock, random, ...BOUNDS });
      const begun = clock.now().getTime();
      let shifted = 0;
      const running = new Map<string, number>();
      const ends = new Map<string, number>();
      const atWork = new Set<string>();
      const isWell = new Set<string>();
      const count = (name: string, by: number) => running.set(name, (running.get(name) ?? 0) + by);

      const sourceOf = (name: string, { moods, lifeMinutes }: Authority): Source => ({
        authority: name,
        isLocal: name === 'local',
        async obtain({ id }, signal) {
          assert.ok(!atWork.has(id), `${id} is asked for twice at a time`);
          atWork.add(id);
          count(name, 1);
          const network = [...running].reduce((sum, [key, n]) => (key === 'local' ? sum : sum + n), 0);
          assert.ok(network <= BOUNDS.maxParallelRequests, `${network} requests at once`);
          const limit = name === 'local' ? BOUNDS.maxParallelLocal : BOUNDS.maxParallelPerAuthority;
          assert.ok((running.get(name) ?? 0) <= limit, `${running.get(name)} at once to ${name}`);
          // A place is free again when the signal is given, whether or not anybody listens.
          let isCounted = true;
          const leave = () => {
            if (isCounted) count(name, -1);
            isCounted = false;
          };
          signal.addEventListener('abort', leave, { once: true });
          try {
            const elapsed = clock.now().getTime() - begun - shifted;
            await act(moods[Math.floor(elapsed / (15 * MINUTE))] ?? 'well', clock, random, signal);
            const issuedAt = clock.now();
            const expiresAt = new Date(issuedAt.getTime() + lifeMinutes * MINUTE);
            return { kind: 'token', issuedAt, expiresAt, bytes: new Secret('x') };
          } finally {
            leave();
            atWork.delete(id);
          }
        },
      });
      const delivery = {
        deliver: async ({ id }: Lease, { expiresAt }: { expiresAt: Date | undefined }) => {
          ends.set(id, expiresAt?.getTime() ?? 0);
        },
        withdraw: async () => {},
      };
      const all = [local, healthy, ...sick];
      for (const [index, one] of all.entries()) {
        const name = index === 0 ? 'local' : `https://as${index}.example`;
        for (let n = 0; n < one.leases; n += 1) {
          const lease = { id: `u${n}/${index}`, owner: `u${n}`, kind: 'token', provider: 'p' };
          keeper.hold(lease, sourceOf(name, one), delivery);
          if (index < 2) isWell.add(lease.id);
        }
      }

      // Three hours of trouble, then one in which all is well, and one more for what was refused and is tried rarely.
      let graceUntil = 5;
      for (let minute = 0; minute < 320; minute += 1) {
        for (const jump of jumps) {
          if (jump.minute !== minute) continue;
          clock.jump(jump.minutes * MINUTE);
          shifted += jump.minutes * MINUTE;
          graceUntil = minute + 8;
        }
        if (releases.includes(minute)) keeper.release(`u0/${2 + (minute % sick.length)}`);
        await clock.advance(MINUTE);
        if (minute < graceUntil) continue;
        for (const id of isWell) {
          const left = (ends.get(id) ?? 0) - clock.now().getTime();
          assert.ok(left >= 6 * MINUTE, `${id} has ${left / MINUTE} minutes left in minute ${minute}`);
        }
      }
      for (const { lease, state, lastError } of keeper.list()) {
        assert.ok(
          state === 'current' || state === 'renewing',
          `${lease.id} is ${state} in the end: ${lastError?.message}`,
        );
        assert.ok((ends.get(lease.id) ?? 0) > clock.now().getTime(), `${lease.id} has ended`);
      }
      const asking = keeper.renewNow('u0/0');
      await clock.advance(1000);
      assert.equal((await asking).state, 'current');
      const closing = keeper.close();
      await clock.advance(8000);
      await closing;
    }),
    { numRuns, seed: 20261122, endOnFailure: true },
  );
}

async function act(now: Mood, clock: FakeClock, random: () => number, signal: AbortSignal): Promise<void> {
  switch (now) {
    case 'well':
      return;
    case 'slow':
      return await clock.sleep(random() * 10_000, signal);
    case 'down':
      throw new LatchkeyError('oauth/unavailable', 'down', { retryable: true });
    case 'refusing':
      throw new LatchkeyError('oauth/invalid-grant', 'refused');
    case 'hanging':
      return await clock.sleep(1e9, signal);
    case 'deaf':
      // Hears no signal, and comes back long after it was given up.
      return await clock.sleep(random() * 8 * MINUTE);
    case 'broken':
      throw new TypeError('broken');
  }
}

/** A small generator of numbers in [0, 1), the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
