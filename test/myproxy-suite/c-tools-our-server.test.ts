import { test } from 'node:test';
import { runMyProxySuite } from '../support/myproxy-suite.ts';

test('myproxy-test passes: our server, C tools', async (t) => {
  await runMyProxySuite(t, { server: true, tools: false });
});
