import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonText } from './json-text.ts';

test('a document says the same, and steers no terminal', () => {
  const value = { name: 'a\u009b31m\u202ednef\u2028\u001b[2J\u007f', list: ['ü', 1] };
  const text = jsonText(value, 2);
  assert.deepEqual(JSON.parse(text), value);
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Zl}\u202a-\u202e]/u);
  assert.match(text, /"ü"/);
  assert.equal(jsonText([1]), '[1]');
});
