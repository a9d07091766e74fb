import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mapsTo, parseGridMapfile } from './grid-mapfile.ts';

const text = [
  '# comment',
  '',
  '"/O=Grid/CN=Jane User" jane,portal',
  '  "/O=Grid/CN=Joe \\"Quote\\" \\\\ User"\tjoe',
  '/O=Grid/CN=plain plain',
  '"/O=Grid/CN=Ren\\xe9" rene',
  '"/O=Grid/emailAddress=a@b" mail',
  '"/O=Grid/CN=Jane User" second',
  '"/O=Grid/CN=no users"',
  '"/O=Grid/CN=no end users',
].join('\n');

test('a grid-mapfile is read as Globus reads it', () => {
  const mapfile = parseGridMapfile(text);
  const maps = (dn: string, username: string) => mapsTo(mapfile, dn, username);
  assert.ok(maps('/O=Grid/CN=Jane User', 'jane'));
  assert.ok(maps('/O=Grid/CN=Jane User', 'portal'));
  assert.ok(maps('/o=grid/cn=JANE user', 'jane'));
  assert.ok(maps('/O=Grid/CN=Joe "Quote" \\ User', 'joe'));
  assert.ok(maps('/O=Grid/CN=plain', 'plain'));
  assert.ok(maps('/O=Grid/CN=Ren\\xE9', 'rene'));
  assert.ok(maps('/O=Grid/Email=a@b', 'mail'));
  assert.ok(!maps('/O=Grid/CN=Jane User', 'second'), 'only the first line of a DN counts');
  assert.ok(!maps('/O=Grid/CN=Jane User', 'Jane'));
  assert.ok(!maps('/O=Grid/CN=Jane', 'jane'));
  assert.deepEqual(
    mapfile.findings.map(({ index }) => index),
    [9, 10],
  );
});

test('no text crashes or hangs the parser', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('"', '\\', 'x', 'a', ' ', '\n', ',', '#', 'é') }),
      (any) => {
        parseGridMapfile(any);
      },
    ),
  );
  parseGridMapfile(`"${'\\"'.repeat(100_000)}`);
});
