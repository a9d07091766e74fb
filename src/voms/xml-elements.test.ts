import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementsNamed } from './xml-elements.ts';

test('elements are found by their whole name, empty ones too, and a text without an end has none', () => {
  assert.deepEqual(elementsNamed('<vomsans/><voms><ac>x</ac></voms>', 'voms'), ['<ac>x</ac>']);
  assert.deepEqual(elementsNamed('<ac/><ac >1</ac><ac\n>2</ac>', 'ac'), ['', '1', '2']);
  assert.deepEqual(elementsNamed('<ac', 'ac'), []);
  assert.deepEqual(elementsNamed('<ac>', 'ac'), []);
  assert.deepEqual(elementsNamed('<ac><ac', 'ac'), []);
});

test('a megabyte of beginnings is looked through once, not once for each', () => {
  // Counts the characters that are passed over: no clock is needed to tell linear from quadratic.
  let looked = 0;
  const text = `${'<ac!'.repeat(20_000)}>`;
  const counting = {
    length: text.length,
    indexOf: (part: string, from = 0) => {
      const found = text.indexOf(part, from);
      looked += (found < 0 ? text.length : found) - from;
      return found;
    },
    slice: (from: number, to: number) => text.slice(from, to),
    at: (index: number) => text.at(index),
  } as unknown as string;
  assert.deepEqual(elementsNamed(counting, 'ac'), []);
  assert.ok(looked <= 2 * text.length, `${looked} of ${text.length}`);
});
