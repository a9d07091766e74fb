import { test } from 'node:test';
import { runMyProxySuite } from '../support/myproxy-suite.ts';

test('myproxy-test passes: C server, our tools', async (t) => {
  await runMyProxySuite(t, { server: false, tools: true });
});
