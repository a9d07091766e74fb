// Tokens of a real authorization server, renewed for a job that runs: rotation, kills, delete, and a grant that ends.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { boundedFetch } from '../../src/kit/index.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { workspace } from '../support/workspace.ts';
import { type MonitoredPool, startMonitoredPool } from './monitored-pool.ts';
import { readJwt } from './read-jwt.ts';
import { RESULT } from './results.ts';
import type { RunningJob } from './starter.ts';
import { jsonPluginToken } from './token-readers.ts';
import { logInLikeUpstream } from './upstream-page.ts';
import { eventually } from './waiting.ts';

const TWO_HANDLES = `
use_oauth_services = mytokens
mytokens_oauth_permissions_read = storage.read:/public, storage.read:/user/alice
mytokens_oauth_resource_read = https://data.example.org
mytokens_oauth_permissions_write = storage.modify:/user/alice
queue
`;

interface Renewing {
  readonly pool: MonitoredPool;
  readonly server: AuthorizationServer;
  /** Alice's job, which has logged in and runs. */
  readonly job: RunningJob;
  /** The token in the sandbox now. */
  token(handle: string): string;
}

async function runJob(t: TestContext, accessTokenSeconds: number): Promise<Renewing> {
  const server = await startAuthorizationServer({ accessTokenSeconds });
  t.after(() => server.close());
  const files = workspace(t);
  const clientSecretFile = join(files, 'client-secret');
  writeFileSync(clientSecretFile, `${server.clientSecret('post')}\n`, { mode: 0o600 });
  writeFileSync(join(files, 'ca.pem'), server.ca);
  const pool = await startMonitoredPool(t, {
    webPrefix: 'https://localhost:1',
    paces: { sandboxRefreshMs: 20, pidCacheMs: 0, restartDelayMs: 50 },
    oauthProviders: ['mytokens'],
    webClients: {
      mytokens: {
        clientId: 'latchkey-post',
        clientSecretFile,
        returnUrlSuffix: '/return/mytokens',
        authorizationUrl: `${server.issuer}/auth`,
        tokenUrl: `${server.issuer}/token`,
      },
    },
    // A site has the authority in the machine's bundle; no key of ours takes part.
    environment: { NODE_EXTRA_CA_CERTS: join(files, 'ca.pem') },
  });
  const first = await pool.submit('alice', TWO_HANDLES);
  assert.ok(first.url, first.stderr);
  await logInLikeUpstream(pool.pool, first.url, {
    send: boundedFetch({ ca: server.ca }),
    logIn: (url, redirectUri) => server.logIn(url, { user: 'alice', redirectUri }),
  });
  const { job, stderr } = await pool.submit('alice', TWO_HANDLES);
  assert.ok(job, stderr);
  const running = pool.run(job);
  t.after(() => running.end());
  const token = (handle: string): string => {
    const file = join(running.credentialDirectory, `mytokens_${handle}.use`);
    const found = jsonPluginToken(readFileSync(file, 'utf8'));
    assert.ok(found, `a whole token in ${file}`);
    return found;
  };
  return { pool, server, job: running, token };
}

test('two handles are renewed while the job runs, with rotating refresh tokens and raw scopes', async (t) => {
  const { pool, server, job, token } = await runJob(t, 12);
  const seen = { read: new Set<unknown>(), write: new Set<unknown>() };
  await eventually(
    () => {
      for (const handle of ['read', 'write'] as const) {
        const { claims } = readJwt(token(handle));
        assert.ok(Number(claims.exp) * 1000 > Date.now(), `an expired token for ${handle}`);
        seen[handle].add(claims.jti);
      }
      return seen.read.size >= 3 && seen.write.size >= 3;
    },
    'three tokens for each handle',
    90_000,
  );
  assert.equal(job.hold, undefined);
  assert.equal(readJwt(token('read')).claims.scope, 'storage.read:/public storage.read:/user/alice');
  assert.equal(readJwt(token('read')).claims.aud, 'https://data.example.org');
  assert.equal(readJwt(token('write')).claims.scope, 'storage.modify:/user/alice');
  assert.equal((await pool.submit('alice', TWO_HANDLES)).exitCode, 0, 'credd still finds the scopes equal');
  const refused = server.requests.filter(({ path, status }) => path === '/token' && status !== 200);
  assert.deepEqual(refused, [], 'every refresh token was used once and worked');
  for (const file of readdirSync(pool.credd.userDirectory('alice'))) {
    assert.equal(statSync(pool.credd.path('alice', file)).mode & 0o077, 0, file);
  }
});

test('kill -9 again and again while tokens rotate: the grant survives', async (t) => {
  const { pool, server, token } = await runJob(t, 6);
  for (let kills = 0; kills < 8; kills += 1) {
    const before = token('write');
    const pid = pool.master.pid;
    // At another moment of the renewal each time.
    await eventually(() => server.requests.length > 0 && token('write') !== before, 'a renewal', 60_000);
    await new Promise((resolve) => setTimeout(resolve, kills * 37));
    const ended = pool.master.ended();
    pool.master.signal(pid ?? 0, 'SIGKILL');
    await ended;
    await eventually(() => pool.master.pid !== undefined, 'a new process');
    await pool.ready();
  }
  const last = token('write');
  await eventually(() => token('write') !== last, 'a renewal after all kills', 60_000);
});

test('delete-oauth ends the renewal, and a grant that is withdrawn harms nobody else', async (t) => {
  const { pool, server, token } = await runJob(t, 8);
  const id = { user: 'alice', service: 'mytokens', handle: 'write' };
  assert.equal(pool.credd.remove(id), RESULT.ok);
  const before = token('read');
  // The job asks for both handles, so it is held now; the other handle is still renewed.
  await eventually(() => {
    const now = jsonPluginToken(readFileSync(pool.credd.path('alice', 'mytokens_read.use'), 'utf8'));
    return now !== before;
  }, 'a renewal of the other handle');
  assert.equal(readdirSync(pool.credd.userDirectory('alice')).includes('mytokens_write.use'), false);
  await server.endGrants('alice');
  await eventually(() => /invalid.grant/i.test(pool.log()), 'the refusal in the log');
  const local = await pool.submit('bob', 'use_oauth_services = scitokens\nqueue');
  assert.equal(local.exitCode, 0, local.stderr);
  assert.ok(readdirSync(pool.credd.userDirectory('alice')).includes('mytokens_read.top'), '.top is kept');
});
