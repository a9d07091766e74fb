import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { Secret } from '../../kit/index.ts';
import type { RegistryEntry } from './entry.ts';
import { publicKeyText, signEntry, verifyEntry } from './entry-signature.ts';
import { NamePattern } from './name-pattern.ts';
import { RegistryTable } from './registry-table.ts';

const OWNER = new Secret('owner');
const A: RegistryEntry = { name: 'a.model', uri: 'PYRO:x@host:1', tags: ['type:model', 'b'] };

function table(): RegistryTable {
  return new RegistryTable({ uri: 'PYRO:Pyro.NameServer@h:9090', tags: ['class:NameServer'] });
}

test('a name that is taken is not overwritten, but by its owner, or with the same', () => {
  const t = table();
  t.register(A, undefined, 0);
  t.register(A, undefined, 1);
  assert.throws(() => t.register({ ...A, uri: 'PYRO:y@host:1' }, undefined, 2), {
    code: 'remote/name-taken',
  });
  t.register({ ...A, name: 'b' }, OWNER, 2);
  t.register({ ...A, name: 'b', uri: 'PYRO:y@host:2' }, OWNER, 3);
  assert.equal(t.lookup('b', 3).uri, 'PYRO:y@host:2');
  for (const other of [undefined, new Secret('x')]) {
    assert.throws(() => t.register({ ...A, name: 'b' }, other, 4), { code: 'remote/name-taken' });
    assert.throws(() => t.register({ ...A, name: 'b', uri: 'PYRO:y@host:2' }, other, 4), {
      code: 'remote/name-taken',
    });
    assert.throws(() => t.remove('b', other, 4), { code: 'remote/not-owner' });
    assert.throws(() => t.setTags('b', [], other, 4), { code: 'remote/not-owner' });
    assert.throws(() => t.renew('b', other, 4), { code: 'remote/not-owner' });
  }
  assert.equal(t.removeAll({ prefix: '' }, 4), 1);
  assert.equal(t.remove('b', OWNER, 5), true);
  assert.equal(t.remove('b', OWNER, 5), false);
  assert.throws(() => t.lookup('b', 5), { code: 'remote/name-unknown' });
});

test('a name that only looks like another is refused', () => {
  const t = table();
  t.register({ ...A, name: 'Wärme' }, OWNER, 0);
  const alike = [
    'Wa\u0308rme',
    'Wärme\u200b',
    '\u202eWärme',
    'Wär\u00adme',
    '\uff37ärme',
    'Wärme\ufe0f',
    'W\ud800',
  ];
  for (const name of [...alike, 'Pyro\uff0eNameServer'])
    assert.throws(() => t.register({ ...A, name }, undefined, 1), { code: 'remote/name-invalid' }, name);
  assert.equal(t.count(1), 2);
});

test('what would forge lines in a list of names is refused', () => {
  const t = table();
  const forged = ['\u001b[2J', 'a\nb', '\u2028'].flatMap((text) => [
    { ...A, uri: `PYRO:x${text.replace('\n', '\u0007')}@host:1` },
    { ...A, tags: [`type:${text}`] },
  ]);
  for (const entry of forged)
    assert.throws(() => t.register(entry, undefined, 1), { code: 'remote/name-invalid' }, entry.uri);
  t.register(A, undefined, 1);
  assert.throws(() => t.setTags(A.name, ['a\rb'], undefined, 1), { code: 'remote/name-invalid' });
});

test('an entry without heartbeats goes, and its name is free; a heartbeat keeps it', () => {
  const t = table();
  t.register({ ...A, leaseSeconds: 10 }, OWNER, 0);
  t.register({ ...A, name: 'silent', leaseSeconds: 10 }, OWNER, 0);
  assert.equal(t.lookup('silent', 9_999).endsAt, 10_000);
  assert.throws(() => t.lookup('silent', 10_000), { code: 'remote/name-unknown' });
  t.renew(A.name, OWNER, 9_000);
  assert.equal(t.lookup(A.name, 18_999).endsAt, 19_000);
  assert.equal(t.count(18_999), 2);
  assert.throws(() => t.lookup(A.name, 19_000), { code: 'remote/name-unknown' });
  t.register({ ...A, uri: 'PYRO:z@host:1' }, undefined, 19_000);
  assert.equal(t.count(1e12), 2);
});

test('after a restart what was kept is there, and leases begin anew', () => {
  const t = table();
  t.register({ ...A, leaseSeconds: 10 }, OWNER, 0);
  const again = table();
  again.restore(JSON.parse(JSON.stringify(t.entries)), 60_000);
  assert.equal(again.lookup(A.name, 69_999).uri, A.uri);
  again.renew(A.name, OWNER, 61_000);
  assert.throws(() => again.renew(A.name, undefined, 61_000), { code: 'remote/not-owner' });
});

test('names are found by prefix, pattern and tags; the registry is one of them and cannot be changed', () => {
  const t = table();
  for (const [name, tags] of [
    ['a.1', ['x']],
    ['a.2', ['x', 'y']],
    ['b.1', ['y']],
  ] as const)
    t.register({ ...A, name, tags }, undefined, 0);
  const names = (filter: Parameters<typeof t.list>[0]) => t.list(filter, 0).map((entry) => entry.name);
  assert.deepEqual(names({}), ['Pyro.NameServer', 'a.1', 'a.2', 'b.1']);
  assert.deepEqual(names({ prefix: 'a.' }), ['a.1', 'a.2']);
  assert.deepEqual(names({ pattern: '[ab]\\.1$' }), ['a.1', 'b.1']);
  assert.deepEqual(names({ allTags: ['x', 'y'] }), ['a.2']);
  assert.deepEqual(names({ anyTags: ['x', 'y'] }), ['a.1', 'a.2', 'b.1']);
  assert.equal(t.remove('Pyro.NameServer', undefined, 0), false);
  assert.throws(() => t.setTags('Pyro.NameServer', [], undefined, 0), { code: 'remote/not-owner' });
  assert.throws(() => t.register({ ...A, name: 'Pyro.NameServer' }, undefined, 0), {
    code: 'remote/name-invalid',
  });
});

test('what is no name, URI, tag or lease is refused', () => {
  const bad: Partial<RegistryEntry>[] = [
    { name: '' },
    { name: 'x\n' },
    { name: 'x'.repeat(256) },
    { uri: 'http://x' },
    { tags: [''] },
    { tags: Array.from({ length: 65 }, (_, i) => String(i)) },
    { leaseSeconds: 0 },
    { leaseSeconds: 1e9 },
    { leaseSeconds: Number.NaN },
  ];
  for (const part of bad)
    assert.throws(() => table().register({ ...A, ...part }, undefined, 0), { code: 'remote/name-invalid' });
});

test('a signed entry is as it was signed, or is not taken', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const signed = signEntry({ ...A, leaseSeconds: 30 }, privateKey, 1000);
  assert.equal(signed.signature?.key, publicKeyText(publicKey));
  assert.equal(verifyEntry(signed), true);
  const t = table();
  const stored = t.register(signed, OWNER, 1000);
  assert.equal(verifyEntry(stored), true);
  assert.throws(() => t.setTags(A.name, ['z'], OWNER, 1000), /signed/);
  const other = publicKeyText(generateKeyPairSync('ed25519').publicKey);
  const { signature } = signed;
  assert.ok(signature !== undefined);
  for (const forged of [
    { ...signed, uri: 'PYRO:evil@host:1' },
    { ...signed, name: 'other' },
    { ...signed, tags: ['b'] },
    { ...signed, leaseSeconds: 31 },
    { ...signed, signature: { ...signature, key: other } },
    { ...signed, signature: { ...signature, key: 'AA' } },
    { ...signed, signature: { ...signature, at: 1 } },
  ]) {
    assert.equal(verifyEntry(forged), false);
    assert.throws(() => table().register(forged, undefined, 0), { code: 'remote/signature' });
  }
  assert.throws(() => publicKeyText(generateKeyPairSync('x25519').publicKey), TypeError);
});

test('patterns match as Python matches them, from the beginning', () => {
  const cases: [string, string, boolean][] = [
    ['a', 'abc', true],
    ['b', 'abc', false],
    ['a.c', 'abc', true],
    ['abc$', 'abcd', false],
    ['(ab|c)+$', 'abcab', true],
    ['(?:a*)*b', 'aaab', true],
    ['[a-c]{2,3}$', 'abca', false],
    ['[^a]', 'b', true],
    ['[]a]', ']', true],
    ['[a-]', '-', true],
    ['\\d+@\\w*', '12@x', true],
    ['\\.', 'x', false],
    ['^x', 'x', true],
    ['', 'x', true],
    ['a|', 'x', true],
    ['x{2}', 'xx', true],
    ['x{', 'x{', true],
    ['\\S+\\s', 'ab c', true],
    ['.*\u{1f600}', 'a\u{1f600}', true],
  ];
  for (const [pattern, name, expected] of cases)
    assert.equal(new NamePattern(pattern).matches(name), expected, `${pattern} ${name}`);
  for (const pattern of [
    '(',
    ')',
    '[a',
    '*',
    'a**',
    'a{2}{3}',
    '(?=a)',
    '(?P<n>a)',
    '(?i)a',
    '\\1',
    '\\b',
    'a\\',
    '[z-a]',
    'a{300}',
    'x'.repeat(300),
    '('.repeat(30),
  ])
    assert.throws(() => new NamePattern(pattern), { code: 'remote/name-invalid' }, pattern);
});

test('a pattern that would make others hang is done in a bounded number of steps', () => {
  const name = 'a'.repeat(255);
  assert.equal(new NamePattern('(a*)*b').matches(name), false);
  assert.equal(new NamePattern(`${'a?'.repeat(60)}${'a'.repeat(60)}$`).matches('a'.repeat(60)), true);
  assert.equal(new NamePattern('(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x').matches(name), false);
  assert.equal(new NamePattern('((a|aa)+(b|a)*)*$').matches(`${name.slice(1)}c`), false);
});

test('names and tags of great length are taken only as long as all of them fit in an answer', () => {
  const t = table();
  const tags = Array.from({ length: 64 }, (_, n) => `${n}`.padEnd(255, 'x'));
  let count = 0;
  const fill = () => {
    for (; count < 2000; count += 1) t.register({ ...A, name: `n${count}`, tags }, undefined, 0);
  };
  assert.throws(fill, { code: 'remote/name-invalid', message: /full: 16777216 characters/ });
  assert.ok(count > 1000);
  // What is there may be there again, and in other words as long; what goes makes room.
  t.register({ ...A, name: 'n0', tags }, undefined, 1);
  assert.equal(t.remove('n1', undefined, 2), true);
  t.register({ ...A, name: 'n1', tags }, undefined, 2);
  for (const name of ['short', 'second', 'third']) t.register({ ...A, name }, undefined, 3);
  assert.throws(() => t.setTags('short', tags, undefined, 4), { code: 'remote/name-invalid' });
  for (let n = 0; n < count; n += 1) t.remove(`n${n}`, undefined, 6);
  t.setTags('short', tags, undefined, 7);
  count = 0;
  assert.throws(fill, { code: 'remote/name-invalid' });
});

test('a tag or address with half a character is refused: no list with it could be written', () => {
  const t = table();
  for (const bad of [{ tags: ['\ud800'] }, { uri: 'PYRO:x\udc00@host:1' }])
    assert.throws(() => t.register({ ...A, ...bad }, undefined, 0), { code: 'remote/name-invalid' });
  t.register({ ...A, tags: ['\u{1f511}'] }, undefined, 0);
});
