import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quote, quoteValue } from './quote.ts';

test('text from outside is quoted, cut, and its control characters are escaped', () => {
  assert.equal(quote('a"\u001b\u2028\u009b'), '"a\\"\\u001b\\u2028\\u009b"');
  assert.equal(quote('abcdef', 3), '"abc…"');
});

test('whatever value stands where a text should is shown, and never thrown at', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  assert.equal(quoteValue('a'), '"a"');
  assert.equal(quoteValue({ toString: 1 }), '"{\\"toString\\":1}"');
  assert.equal(quoteValue(Object.create(null)), '"{}"');
  for (const [value, type] of [
    [circle, 'object'],
    [1n, 'bigint'],
    [undefined, 'undefined'],
    [Symbol('x'), 'symbol'],
  ])
    assert.equal(quoteValue(value), `"${String(type)}"`);
});
