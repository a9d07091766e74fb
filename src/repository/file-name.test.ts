import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fileNamePart, fileStem, idFromStem } from './file-name.ts';

test('file names follow the C server', () => {
  assert.equal(fileStem({ username: 'jane' }), 'jane');
  assert.equal(fileStem({ username: 'jane', name: 'robot' }), 'jane-robot');
  assert.equal(fileStem({ username: 'jane', name: '' }), 'jane-');
  assert.equal(fileStem({ username: '.jane', name: '.x' }), '-jane--x');
  assert.equal(fileStem({ username: 'a'.repeat(80) }), 'a'.repeat(80));
  assert.equal(fileStem({ username: 'a'.repeat(81) }), '986e6938ed767a8ae9530eef54bfe5f1');
  assert.equal(fileStem({ username: '/O=Grid/CN=Jane' }), 'bb2d5ccff3e73a87433adf3484db4164');
  assert.equal(fileStem({ username: 'é'.repeat(41) }).length, 32);
});

test('no name leaves the directory or hides a file', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
      const part = fileNamePart(name);
      assert.ok(!part.includes('/') && !part.startsWith('.') && Buffer.byteLength(part) <= 80);
    }),
  );
});

test('old files tell their names by the file name', () => {
  assert.deepEqual(idFromStem('jane', undefined), { username: 'jane' });
  assert.deepEqual(idFromStem('a-b-c', 'c'), { username: 'a-b', name: 'c' });
  assert.deepEqual(idFromStem('jane--x', '.x'), { username: 'jane', name: '.x' });
});
