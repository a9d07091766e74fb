// A pool that is busy: dead and slow authorization servers, a thousand users at once. A local token is answered at once.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { workspace } from '../support/workspace.ts';
import { startMonitoredPool } from './monitored-pool.ts';
import { readJwt } from './read-jwt.ts';
import { writeByRename } from './secure-file.ts';
import { eventually } from './waiting.ts';

const JOB = 'use_oauth_services = scitokens\nqueue';

/** A server that takes connections and never says a word. */
async function silentServer(
  t: TestContext,
): Promise<{ readonly url: string; readonly connections: () => number }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `https://127.0.0.1:${port}`, connections: () => connections };
}

test('a server that never answers delays nobody’s local token', async (t) => {
  const silent = await silentServer(t);
  const clientSecretFile = join(workspace(t), 'client-secret');
  writeFileSync(clientSecretFile, 's3', { mode: 0o600 });
  const client = {
    clientId: 'ap1',
    clientSecretFile,
    returnUrlSuffix: '/return/slow',
    authorizationUrl: `${silent.url}/authorize`,
    tokenUrl: `${silent.url}/token`,
  };
  const pool = await startMonitoredPool(t, {
    webClients: { slow: client },
    before: ({ pool: { directory, identities }, credd }) => {
      for (let index = 0; index < 200; index += 1) {
        const user = `waiting${index}`;
        credd.makeUserDirectory(user);
        const { isRoot, condorUid, condorGid } = identities;
        const file = { mode: 0o400, uid: condorUid, gid: condorGid, isRoot };
        const write = (suffix: string, members: object): void =>
          writeByRename(`${directory}/${user}/slow${suffix}`, JSON.stringify(members), file, '.new');
        write('.use', { access_token: 'old', expires_in: 1, expires_at: 1 });
        write('.top', { refresh_token: `rt-${index}` });
        write('.meta', {
          client_id: 'ap1',
          client_secret: 's3',
          token_url: client.tokenUrl,
          use_refresh_token: true,
        });
      }
    },
  });
  await eventually(() => silent.connections() > 0, 'a request to the silent server');
  const times: number[] = [];
  for (let index = 0; index < 10; index += 1) {
    const startedAt = performance.now();
    const { exitCode, stderr } = await pool.submit(`user${index}`, JOB);
    times.push(performance.now() - startedAt);
    assert.equal(exitCode, 0, stderr);
  }
  t.diagnostic(
    `ten submits, slowest ${Math.round(Math.max(...times))} ms, with ${silent.connections()} connections open`,
  );
  const slowest = Math.max(...times);
  assert.ok(slowest < 5_000, `a second is the promise, ${slowest} ms it took on this machine`);
});

test('a thousand users at once all get their own token', async (t) => {
  const pool = await startMonitoredPool(t);
  const users = Array.from({ length: 1_000 }, (_, index) => `user${index}`);
  const startedAt = performance.now();
  for (const user of users) {
    pool.credd.makeUserDirectory(user);
    pool.credd.write(user, 'scitokens.top', `${user}@foo`);
    pool.credd.wakeMonitor();
  }
  await eventually(
    () => users.every((user) => existsSync(pool.credd.path(user, 'scitokens.use'))),
    'a thousand tokens',
    60_000,
  );
  t.diagnostic(`1,000 tokens after ${Math.round(performance.now() - startedAt)} ms`);
  const ids = new Set<unknown>();
  for (const user of users) {
    const { claims } = readJwt(pool.useFile(user).members.access_token);
    assert.equal(claims.sub, user);
    ids.add(claims.jti);
  }
  assert.equal(ids.size, users.length);
  const { exitCode } = await pool.submit('late', JOB);
  assert.equal(exitCode, 0);
});
