import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arguments } from './arguments.ts';

test('a text with half a character is refused: no status with it could be written', () => {
  assert.equal(new Arguments(['user'], ['jane \u{1f511}'], {}).text('user'), 'jane \u{1f511}');
  assert.throws(() => new Arguments(['user'], ['\ud800'], {}).text('user'), TypeError);
});
