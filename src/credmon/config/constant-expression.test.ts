import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { constantValue } from './constant-expression.ts';

const VALUES: readonly (readonly [string, number | boolean | undefined])[] = [
  ['1200', 1200],
  ['(60 * 20)', 1200],
  ['2 + 3 * 4', 14],
  ['(2 + 3) * 4', 20],
  ['7 / 2', 3],
  ['7.0 / 2.5', 2.8],
  ['-5', -5],
  ['10 % 4', 2],
  ['TRUE', true],
  ['no', false],
  ['!false', true],
  ['1 > 0 && 2 <= 2', true],
  ['1 == 2 || 3 != 3', false],
  ['1e3', 1000],
  ['', undefined],
  ['1 2', undefined],
  ['(1', undefined],
  ['1 +', undefined],
  ['1 / 0', undefined],
  ['maybe', undefined],
  ['constructor', undefined],
  ['1; 2', undefined],
  ['"1"', undefined],
  ['('.repeat(300), undefined],
  ['!'.repeat(900), undefined],
  ['1'.repeat(1001), undefined],
];

for (const [text, expected] of VALUES) {
  test(`${JSON.stringify(text.slice(0, 30))} is ${expected}`, () =>
    assert.equal(constantValue(text), expected));
}

test('anything has a value or none', () => {
  const piece = fc.constantFrom('1', '20', '+', '-', '*', '/', '(', ')', '&&', '<', '!', 'true', ' ');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 200 }).map((pieces) => pieces.join('')),
      ),
      (text) => {
        const value = constantValue(text);
        assert.ok(value === undefined || typeof value === 'boolean' || Number.isFinite(value));
      },
    ),
    { seed: 4 },
  );
});
