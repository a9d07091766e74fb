import { test } from 'node:test';
import { runKeeperModel } from './keeper-model.ts';

test('in 40 worlds of failing servers and jumping clocks the well are renewed in time, and in the end all are', async () => {
  await runKeeperModel(40);
});
