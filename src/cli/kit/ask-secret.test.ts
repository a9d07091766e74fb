import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Typed, typeByte } from './ask-secret.ts';

function type(...keys: (string | number)[]): { text: string; outcome: string } {
  const typed: Typed = { bytes: [] };
  let outcome = 'more';
  for (const byte of keys.flatMap((key) => (typeof key === 'number' ? [key] : [...Buffer.from(key)]))) {
    outcome = typeByte(typed, byte);
    if (outcome !== 'more') break;
  }
  return { text: Buffer.from(typed.bytes).toString(), outcome };
}

const [BACKSPACE, ENTER, CTRL_C, CTRL_D, CTRL_U] = [0x7f, 0x0d, 0x03, 0x04, 0x15];

test('typing: Enter ends, and so does ^D after something', () => {
  assert.deepEqual(type('secret', ENTER), { text: 'secret', outcome: 'done' });
  assert.deepEqual(type(ENTER), { text: '', outcome: 'done' });
  assert.deepEqual(type('x', CTRL_D), { text: 'x', outcome: 'done' });
});

test('typing: ^C, and ^D on an empty line, give up', () => {
  assert.equal(type('secret', CTRL_C).outcome, 'cancelled');
  assert.equal(type(CTRL_D).outcome, 'cancelled');
});

test('typing: Backspace takes a whole character, ^U the line', () => {
  assert.equal(type('aß€', BACKSPACE, BACKSPACE).text, 'a');
  assert.equal(type(BACKSPACE, 'b').text, 'b');
  assert.equal(type('abc', CTRL_U, 'd').text, 'd');
});

test('typing: no more than the protocol can carry', () => {
  assert.equal(type('x'.repeat(5000)).text.length, 1023);
});
