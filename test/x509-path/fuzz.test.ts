import { test } from 'node:test';
import { fuzzChains } from './fuzz.ts';

test('shuffled, repeated, truncated and damaged chains are judged rightly and in bounded time', () => {
  fuzzChains(400);
});
