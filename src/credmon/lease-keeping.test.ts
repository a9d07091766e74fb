import assert from 'node:assert/strict';
import type { Stats } from 'node:fs';
import { test } from 'node:test';
import type { Delivery, Held, Keeper, Lease } from '../keeper/index.ts';
import type { UserDirectory } from './directory-files.ts';
import { LeaseKeeping } from './lease-keeping.ts';
import type { FileStamp, FoundStem } from './scan.ts';
import type { CredmonSettings, Provider } from './settings.ts';

const NOW = Date.now();
const delivery: Delivery = { deliver: async () => {}, withdraw: async () => {} };

/** What the keeper was told, one word a call. */
function makeStage(modes: Readonly<Record<string, Provider['mode']>>): {
  readonly keeping: LeaseKeeping;
  readonly told: string[];
  settings(modes: Readonly<Record<string, Provider['mode']>>): CredmonSettings;
} {
  const told: string[] = [];
  const keeper = {
    hold: (lease: Lease, _source: unknown, _delivery: unknown, held?: Held) =>
      told.push(`${held === undefined ? 'obtain' : 'hold'} ${lease.id}`),
    release: (id: string) => told.push(`release ${id}`),
    status: () => undefined,
  } as unknown as Keeper;
  const settings = (given: Readonly<Record<string, Provider['mode']>>): CredmonSettings => {
    const providerOf = (name: string): Provider | undefined =>
      given[name] === undefined ? undefined : ({ name, mode: given[name] } as Provider);
    return { allowSpecialNames: false, providerOf } as CredmonSettings;
  };
  const keeping = new LeaseKeeping({
    settings: settings(modes),
    keeper,
    delivery,
    sourceFor: () => ({ authority: 'x', isLocal: true, obtain: () => Promise.reject(new Error('unused')) }),
    onFailed: (user, error) => assert.fail(`${user}: ${error}`),
  });
  return { keeping, told, settings };
}

function stamp(ino: number, secondsAgo: number): FileStamp {
  const mtimeMs = NOW - secondsAgo * 1000;
  return { ino, mtimeMs, ctimeMs: mtimeMs, size: 10 };
}

const USE = Buffer.from('{"access_token":"opaque","expires_in":600}');

function directoryOf(user: string): UserDirectory {
  const stats = { ctimeMs: NOW } as Stats;
  return { user, read: () => ({ bytes: USE, stats }) } as Partial<UserDirectory> as UserDirectory;
}

function found(stem: string, top: FileStamp | undefined, use?: FileStamp): FoundStem {
  return { stem, top, use };
}

test('a request with an answer is held, one without is obtained; both once', () => {
  const { keeping, told } = makeStage({ p: 'local' });
  const stems = [found('p', stamp(1, 100), stamp(2, 50)), found('p_h', stamp(3, 100))];
  keeping.found(directoryOf('alice'), stems);
  keeping.found(directoryOf('alice'), stems);
  assert.deepEqual(told, ['hold alice/p', 'obtain alice/p_h']);
  assert.deepEqual([...keeping.unanswered()], ['alice/p_h']);
  keeping.delivered('alice', 'p_h');
  assert.deepEqual([...keeping.unanswered()], []);
});

test('a .use that was there and is gone is obtained again, once', () => {
  const { keeping, told } = makeStage({ p: 'local' });
  keeping.found(directoryOf('alice'), [found('p', stamp(1, 100), stamp(2, 50))]);
  keeping.found(directoryOf('alice'), [found('p', stamp(1, 100))]);
  keeping.found(directoryOf('alice'), [found('p', stamp(1, 100))]);
  assert.deepEqual(told, ['hold alice/p', 'obtain alice/p']);
});

const NEWER: readonly (readonly [Provider['mode'], number, string])[] = [
  ['local', 1, 'obtain'],
  ['vault', 1, 'obtain'],
  ['pelican', 1, 'obtain'],
  // Upstream's page writes .use before .top: the token is as new as the login.
  ['oauth', 1, 'hold'],
  ['oauth', 30, 'obtain'],
  ['oauth', -1, 'hold'],
];
for (const [mode, seconds, expected] of NEWER) {
  test(`${mode}: a .top that is ${seconds} s newer than .use: ${expected}`, () => {
    const { keeping, told } = makeStage({ p: mode });
    keeping.found(directoryOf('alice'), [found('p', stamp(1, 100), stamp(2, 100 + seconds))]);
    assert.deepEqual(told, [`${expected} alice/p`]);
  });
}

test('a new .top is a new request, unless it is our own or still being written', () => {
  const { keeping, told } = makeStage({ p: 'oauth' });
  const use = stamp(9, 500);
  keeping.found(directoryOf('alice'), [found('p', stamp(1, 500), use)]);
  told.length = 0;
  const end = keeping.setBusy('alice', 'p');
  keeping.found(directoryOf('alice'), [found('p', stamp(2, 0), use)]);
  keeping.found(directoryOf('alice'), []);
  assert.deepEqual(told, [], 'busy: not even its absence counts');
  keeping.rotated('alice', 'p', stamp(2, 0));
  end();
  keeping.found(directoryOf('alice'), [found('p', stamp(2, 0), use)]);
  assert.deepEqual(told, [], 'our own');
  keeping.found(directoryOf('alice'), [found('p', stamp(3, 0), use)]);
  assert.deepEqual(told, ['obtain alice/p']);
});

test('what is gone is released; what nobody serves is told of, and .use alone is nobody’s business', () => {
  const { keeping, told } = makeStage({ p: 'local' });
  const stems = ['p', 'p_h', 'unknown', 'p_', '..', 'x y'].map((stem, index) => found(stem, stamp(index, 9)));
  keeping.found(directoryOf('alice'), [...stems, found('own', undefined, stamp(99, 1))]);
  assert.deepEqual(told, ['obtain alice/p', 'obtain alice/p_h']);
  assert.deepEqual(
    [...keeping.unserved()].map(({ stem, finding }) => [stem, finding.code]),
    [
      ['unknown', 'credmon/provider-unknown'],
      ['p_', 'credmon/name-invalid'],
      ['..', 'credmon/name-invalid'],
      ['x y', 'credmon/name-invalid'],
    ],
  );
  told.length = 0;
  keeping.found(directoryOf('alice'), [found('p', stamp(0, 9))]);
  assert.deepEqual(told, ['release alice/p_h']);
  assert.deepEqual([...keeping.unserved()], []);
  keeping.gone('alice');
  keeping.gone('alice');
  assert.deepEqual(told, ['release alice/p_h', 'release alice/p']);
});

test('reload: what is not configured any more is let go, what is new is found with the next look', () => {
  const { keeping, told, settings } = makeStage({ p: 'local' });
  const stems = [found('p', stamp(1, 9)), found('q', stamp(2, 9))];
  keeping.found(directoryOf('alice'), stems);
  told.length = 0;
  const sourceFor = (): never => assert.fail('p is not served any more');
  keeping.reload(settings({ q: 'local' }), sourceFor);
  assert.deepEqual(told, ['release alice/p']);
});
