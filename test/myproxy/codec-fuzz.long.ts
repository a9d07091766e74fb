import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FUZZ_TARGETS, fuzzDecoder, fuzzReader } from './codec-fuzzer.ts';

const CASES = 1_000_000;
const ROUND = 50_000;
const seed = Number(process.env.LATCHKEY_FUZZ_SEED ?? Date.now() % 2 ** 31);

/** Heap after a collection, where there is one to be had. */
function heapMegabytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

for (const target of FUZZ_TARGETS) {
  const cases = target.isOwn ? CASES / 10 : CASES;
  test(`${cases} changed messages for the ${target.name} (seed ${seed})`, () => {
    const before = heapMegabytes();
    for (let round = 0; round < cases / ROUND; round += 1) fuzzDecoder(target, ROUND, seed + round);
    const grown = heapMegabytes() - before;
    assert.ok(grown < 128, `the heap grew by ${grown.toFixed(0)} MiB`);
  });
}

test(`a million changed streams (seed ${seed})`, async () => {
  const before = heapMegabytes();
  for (let round = 0; round < CASES / ROUND; round += 1) await fuzzReader(ROUND, seed + round);
  const grown = heapMegabytes() - before;
  assert.ok(grown < 128, `the heap grew by ${grown.toFixed(0)} MiB`);
});
