import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FUZZ_TARGETS, fuzzDecoder, fuzzReader } from './codec-fuzzer.ts';

for (const target of FUZZ_TARGETS) {
  test(`ten thousand changed messages: the decoder of the ${target.name} only throws its own errors`, () => {
    const { accepted, refused } = fuzzDecoder(target, 10_000, 20);
    assert.equal(accepted + refused, 10_000);
    assert.ok(accepted > 100, `only ${accepted} accepted: the changes are too wild to reach far`);
  });
}

test('ten thousand changed streams: the reader ends, with its own errors only', async () => {
  await fuzzReader(10_000, 20);
});
