import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lifeTimeSeconds } from './life-time.ts';

test('hours as a number, text with units, hours and minutes', () => {
  const cases: [number | string, number][] = [
    [12, 43_200],
    [0.5, 1800],
    ['12', 43_200],
    ['12h', 43_200],
    ['90m', 5400],
    ['1d', 86_400],
    ['1h30m', 5400],
    ['45s', 45],
    ['12:30', 45_000],
  ];
  for (const [text, seconds] of cases) assert.equal(lifeTimeSeconds(text), seconds, String(text));
  for (const wrong of ['', 'h', '12x', '-1', '1:75', Number.NaN, Number.POSITIVE_INFINITY, 1e9, '0s']) {
    assert.throws(() => lifeTimeSeconds(wrong), { code: 'session/context-invalid' });
  }
});
