import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../../kit/index.ts';
import { formatSpan, lifetimeBar, parseLifetime } from './lifetime.ts';

test('lifetimes are read with their unit', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['12h', 43_200],
    ['7d', 604_800],
    ['90m', 5400],
    ['1d12h', 129_600],
    ['30s', 30],
    ['2w', 1_209_600],
    ['max', 0],
  ];
  for (const [text, seconds] of cases) assert.equal(parseLifetime(text, '--lifetime'), seconds, text);
});

test('what could mean two things is refused with a hint', () => {
  for (const text of ['12', '', '0h', '-1h', '12 h', 'h', '1y', '999999999w', '12h30', '1.5h']) {
    assert.throws(
      () => parseLifetime(text, '--lifetime'),
      (error) => isLatchkeyError(error, 'cli/usage') && error.hint !== undefined,
      text,
    );
  }
});

test('spans are rounded to their two largest units', () => {
  const cases: readonly (readonly [number, string])[] = [
    [-5, 'expired'],
    [0, 'expired'],
    [42, '42 s'],
    [60, '1 min'],
    [61, '1 min 1 s'],
    [43_198, '12 h'],
    [43_100, '11 h 58 min'],
    [604_798, '7 d'],
    [600_000, '6 d 23 h'],
    [31_535_998, '365 d'],
    [3_540, '59 min'],
    [86_399, '1 d'],
  ];
  for (const [seconds, text] of cases) assert.equal(formatSpan(seconds), text, String(seconds));
});

test('a bar shows what is left, and at least one cell while anything is', () => {
  const at = (seconds: number): Date => new Date(seconds * 1000);
  assert.equal(lifetimeBar(at(0), at(100), at(0)), '██████████');
  assert.equal(lifetimeBar(at(0), at(100), at(50)), '█████░░░░░');
  assert.equal(lifetimeBar(at(0), at(100), at(99)), '█░░░░░░░░░');
  assert.equal(lifetimeBar(at(0), at(100), at(100)), '░░░░░░░░░░');
  assert.equal(lifetimeBar(at(0), at(100), at(-10)), '██████████');
  assert.equal(lifetimeBar(at(10), at(10), at(0)), '░░░░░░░░░░');
});
