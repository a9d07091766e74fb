import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { expandPath } from './expand-path.ts';

const where = { home: '/home/jane', env: { KEYS: '/keys', EMPTY: '', HOME: '/somewhere/else' } };

test('what people write for a path', () => {
  const cases: [string | URL, string][] = [
    ['~/.ssh/id', '/home/jane/.ssh/id'],
    ['~', '/home/jane'],
    ['$HOME/.ssh/ec2_key', '/home/jane/.ssh/ec2_key'],
    [`\${KEYS}/id`, '/keys/id'],
    ['$KEYS/id', '/keys/id'],
    ['file:///keys/my%20id', '/keys/my id'],
    [new URL('file:///keys/id'), '/keys/id'],
    ['/plain/../id', '/id'],
    ['relative', resolve('relative')],
    ['/a~b/$5', '/a~b/$5'],
  ];
  for (const [text, path] of cases) assert.equal(expandPath(text, where), path);
});

test('what cannot be expanded is refused, not taken as it is', () => {
  assert.throws(() => expandPath('$NOWHERE/id', where), /NOWHERE, which is not set/);
  assert.throws(() => expandPath('$EMPTY/id', where), /EMPTY/);
  assert.throws(() => expandPath('~john/id', where), /another user/);
  assert.throws(() => expandPath('file://other.example.org/id', where), /no file of this machine/);
});
