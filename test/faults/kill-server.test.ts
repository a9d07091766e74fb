import { test } from 'node:test';
import { killServer } from './kill-server.ts';

test('a server killed at random during 100 operations leaves every credential whole, old or new', async (t) => {
  await killServer(t, 100);
});
