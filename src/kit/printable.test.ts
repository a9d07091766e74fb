import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './printable.ts';

test('what steers a terminal becomes a question mark, everything else stays', () => {
  assert.equal(printable('a\u001b[2Jb\r\nc\u009b1md\u202eevil\u2066'), 'a?[2Jb??c?1md?evil?');
  assert.equal(printable('/O=Grid/CN=Jürgen Müller 李 👩‍🚀 "x"'), '/O=Grid/CN=Jürgen Müller 李 👩‍🚀 "x"');
});
