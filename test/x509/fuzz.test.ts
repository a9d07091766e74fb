import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz, makeTargets } from './fuzzer.ts';

test('ten thousand mutated inputs are read or refused', async () => {
  const read = await fuzz(await makeTargets(), 10_000, 0x5eed);
  assert.ok(read > 500 && read < 9500, `${read} were read: the mutations are too wild or too tame`);
});
