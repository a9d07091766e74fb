import { test } from 'node:test';
import { fuzz, makeTargets } from './fuzzer.ts';

test('a million mutated inputs are read or refused', async (t) => {
  const seed = Number(process.env.LATCHKEY_FUZZ_SEED ?? Date.now() % 2 ** 32);
  t.diagnostic(`seed ${seed}`);
  await fuzz(await makeTargets(), 1_000_000, seed);
});
