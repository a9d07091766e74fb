import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { covers, parseRequestedPath, parseScopePath } from './token-path.ts';

function isCovered(allowed: string, requested: string): boolean {
  const path = parseScopePath(allowed);
  const asked = parseRequestedPath(requested);
  assert.ok(typeof path !== 'string', String(path));
  return asked !== undefined && covers(path, asked);
}

test('a path covers itself and what is below it, on whole segments', () => {
  for (const [allowed, requested, expected] of [
    ['/', '/', true],
    ['/', '/anything', true],
    ['/a', '/a', true],
    ['/a', '/a/', true],
    ['/a', '/a/b', true],
    ['/a', '/ab', false],
    ['/a/b', '/a', false],
    ['/a/', '/a', false],
    ['/a/', '/a/', true],
    ['/a/', '/a/b', true],
    ['/a/.', '/a', false],
    ['//a///b', '/a/b', true],
    ['/a/./b', '/a/b', true],
    ['/a', '//a//b', true],
    ['/a%20b', '/a b', true],
    ['/a%20b', '/a%20b', false],
    ['/%61', '/a', true],
    ['/a', '/a/../b', false],
    ['/a', '/a/..', false],
    ['/..a', '/..a', true],
    ['/%E5%86%85', '/\u5185', true],
    ['/a', 'a', false],
    ['/a', '/a\0', false],
    ['/', '/a\0', false],
  ] as const) {
    assert.equal(isCovered(allowed, requested), expected, `${allowed} ${requested}`);
  }
});

test('scope paths that are none', () => {
  for (const text of [
    '',
    'a',
    '/..',
    '/a/../b',
    '/%2e%2e',
    '/%2E.',
    '/a%2Fb',
    '/%00',
    '/%0a',
    '/%',
    '/%zz',
    '/%c0%af',
    `/${'a'.repeat(4096)}`,
  ]) {
    assert.equal(typeof parseScopePath(text), 'string', text);
  }
});

test('property: what is covered begins with what is allowed, segment by segment, and never leaves it', () => {
  const segment = fc.constantFrom('a', 'b', 'ab', 'alice', 'alicex', '..', '.', '', 'a b');
  const path = fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join('/')}`);
  fc.assert(
    fc.property(path, path, (allowed, requested) => {
      const scope = parseScopePath(allowed.replaceAll(' ', '%20'));
      const asked = parseRequestedPath(requested);
      if (typeof scope === 'string' || asked === undefined) return;
      if (!covers(scope, asked)) return;
      const clean = (text: string): string => `${text}/`.replace(/\/(\.\/|\/)*/g, '/');
      assert.ok(clean(requested).startsWith(clean(allowed)), `${allowed} ${requested}`);
    }),
    { seed: 7 },
  );
});

test('property: no text crashes the readers', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      parseScopePath(text);
      parseRequestedPath(`/${text}`);
    }),
    { seed: 7 },
  );
});
