import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatStem,
  isProviderName,
  isRequestKey,
  isUserName,
  readStem,
  userOfMark,
  withoutDomain,
} from './name.ts';

const PLAIN = { allowSpecialNames: false };
const SPECIAL = { allowSpecialNames: true };

test('a stem is provider and handle, split at the first underscore', () => {
  assert.deepEqual(readStem('scitokens', PLAIN), { name: 'scitokens' });
  assert.deepEqual(readStem('mytokens_read', PLAIN), { name: 'mytokens', handle: 'read' });
  assert.deepEqual(readStem('vo-x_role_h2', PLAIN), { name: 'vo-x', handle: 'role_h2' });
});

test('with special names allowed the whole stem is the provider', () => {
  assert.deepEqual(readStem('mytokens_read', SPECIAL), { name: 'mytokens_read' });
  assert.deepEqual(readStem('a.b+c=d', SPECIAL), { name: 'a.b+c=d' });
});

for (const stem of [
  '',
  '.',
  '..',
  '...',
  '.hidden',
  'x_',
  '_x',
  '_',
  'a/b',
  'a b',
  'a\0b',
  'ä',
  'x'.repeat(300),
  'a*b',
  'my.tokens',
]) {
  test(`no provider is served by the stem ${JSON.stringify(stem).slice(0, 20)}`, () => {
    assert.equal(readStem(stem, PLAIN), undefined);
  });
}

test('names that end in an underscore are passed over in both ways', () => {
  assert.equal(readStem('mytokens_', SPECIAL), undefined);
  assert.equal(readStem('..', SPECIAL), undefined);
});

test('configured names: plain ones have no underscore or dot', () => {
  assert.equal(isProviderName('my-tokens2', PLAIN), true);
  assert.equal(isProviderName('my_tokens', PLAIN), false);
  assert.equal(isProviderName('my_tokens', SPECIAL), true);
  assert.equal(isProviderName('*', SPECIAL), false);
});

test('users, marks, keys', () => {
  for (const user of ['alice', 'a.b', 'svc+1', 'x=y', 'CMS_pilot'])
    assert.equal(isUserName(user), true, user);
  for (const user of ['', '.', '..', '../etc', 'a b', 'a\nb', '{username}', 'a,b', '*'])
    assert.equal(isUserName(user), false, user);
  assert.equal(userOfMark('alice.mark'), 'alice');
  assert.equal(userOfMark('..mark'), undefined);
  assert.equal(userOfMark('alice'), undefined);
  assert.equal(isRequestKey('0'.repeat(64)), true);
  assert.equal(isRequestKey('A'.repeat(64)), false);
  assert.equal(withoutDomain('alice@submit.example'), 'alice');
});

test('what is read is what was written', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9-]{1,30}$/);
  const handle = fc.option(fc.stringMatching(/^[A-Za-z0-9+=._-]{0,30}[A-Za-z0-9+=.-]$/), { nil: undefined });
  fc.assert(
    fc.property(name, handle, (one, two) => {
      const stem = two === undefined ? { name: one } : { name: one, handle: two };
      assert.deepEqual(readStem(formatStem(stem), PLAIN), stem);
    }),
    { seed: 4 },
  );
});

test('a stem that passes never leaves its directory', () => {
  fc.assert(
    fc.property(fc.string(), fc.boolean(), (stem, allowSpecialNames) => {
      if (readStem(stem, { allowSpecialNames }) !== undefined) assert.match(stem, /^[^./][^/\0]*$/);
    }),
    { seed: 4 },
  );
});
