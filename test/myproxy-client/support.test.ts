import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

test('a C client finds nothing on a fresh C server, and says so', async (t) => {
  if (!havePeers(t, 'openssl', 'myproxy-server', 'myproxy-info')) return;
  const grid = await makeGrid(workspace(t));
  const server = await startCServer(t, grid);
  const env = { ...server.env, X509_USER_CERT: grid.user.certificate, X509_USER_KEY: grid.user.key };
  const run = await runProgram('myproxy-info', ['-l', 'jane'], { env });
  assert.equal(run.code, 1);
  assert.match(run.stderr.toString(), /no credentials found for user jane/);
});
