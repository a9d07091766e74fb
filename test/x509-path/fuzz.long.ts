import { test } from 'node:test';
import { fuzzChains } from './fuzz.ts';

test('shuffled, repeated, truncated and damaged chains, many times', () => {
  fuzzChains(20_000);
});
