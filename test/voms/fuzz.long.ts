import { test } from 'node:test';
import { fuzz } from '../x509/fuzzer.ts';
import { makeVomsTargets } from './hostile.ts';

test('a million mutated attribute certificates, lists, LSC files and FQANs are read or refused', async (t) => {
  const seed = Number(process.env.LATCHKEY_FUZZ_SEED ?? Date.now() % 2 ** 32);
  t.diagnostic(`seed ${seed}`);
  await fuzz(await makeVomsTargets(), 1_000_000, seed);
});
