import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scopeRank } from './host-scope.ts';

const target = { scheme: 'ssh', host: 'login1.Example.org' };

test('an exact host is nearer than a pattern, a longer pattern than a shorter one, any than none', () => {
  const ranks = [
    {},
    { schemes: ['ssh'] },
    { hosts: ['*'] },
    { hosts: ['*.org'] },
    { hosts: ['*.example.org'] },
    { hosts: ['login?.example.org', '*'] },
    { hosts: ['login1.example.org'] },
    { hosts: ['login1.example.org'], schemes: ['ssh'] },
  ].map((scope) => scopeRank(scope, target));
  assert.deepEqual(
    ranks,
    [...ranks].sort((a, b) => (a ?? -1) - (b ?? -1)),
  );
  assert.equal(new Set(ranks).size, ranks.length);
});

test('other hosts and schemes do not match', () => {
  for (const scope of [
    { hosts: ['example.org'] },
    { hosts: ['*.example.com'] },
    { hosts: ['login?.org'] },
    { hosts: [] },
    { schemes: ['gsissh'] },
    { hosts: ['*'], schemes: ['gsi*'] },
  ]) {
    assert.equal(scopeRank(scope, target), undefined, JSON.stringify(scope));
  }
});

test('a pattern that makes other matchers hang', () => {
  assert.equal(
    scopeRank({ hosts: [`${'*a'.repeat(100)}b`] }, { scheme: 'ssh', host: 'a'.repeat(255) }),
    undefined,
  );
});
