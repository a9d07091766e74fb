import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { get, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectControl, startControl, startStatusPort } from '../../src/daemon/control/index.ts';
import { type Observation, observe } from '../../src/daemon/observe/index.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { parseExposition, sampleOf } from '../support/exposition-parser.ts';
import { workspace } from '../support/workspace.ts';
import { type FakeKeeper, fakeKeeper, fakeMonitor, leaseStatus } from './fake-monitor.ts';

interface Setup {
  readonly keeper: FakeKeeper;
  readonly observation: Observation;
  readonly path: string;
  readonly directory: string;
  readonly monitor: ReturnType<typeof fakeMonitor>;
}

async function setUp(t: TestContext, more: { readonly auditFile?: boolean } = {}): Promise<Setup> {
  const directory = workspace(t);
  const keeper = fakeKeeper(
    leaseStatus('alice/scitokens'),
    leaseStatus('bob/mytokens_read', { authority: 'https://op.example' }),
  );
  const observation = observe({
    keeper,
    directory,
    log: () => {},
    ...(more.auditFile ? { auditFile: join(directory, 'audit.jsonl') } : {}),
  });
  const monitor = fakeMonitor(keeper, directory);
  const path = join(directory, 'control.sock');
  const control = await startControl({ path, credmon: monitor, observation });
  t.after(async () => {
    await control.close();
    await observation.close();
  });
  return { keeper, observation, path, directory, monitor };
}

test('the socket is for its owner only; it lists, tells, renews, wakes', async (t) => {
  const { path, monitor } = await setUp(t);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const client = await connectControl(path);
  const ids = (await client.leases()).map(({ id }) => id).sort();
  assert.deepEqual(ids, ['alice/scitokens', 'bob/mytokens_read']);
  assert.deepEqual(
    (await client.leases('bob')).map(({ id }) => id),
    ['bob/mytokens_read'],
  );
  assert.equal((await client.lease('alice/scitokens')).credentialId, 'c0ffee');
  assert.equal((await client.renew('bob/mytokens_read')).state, 'current');
  await client.wake();
  assert.equal(monitor.woken, 1);
  const status = await client.status();
  assert.equal(status.pid, process.pid);
  assert.deepEqual(status.unserved, [{ id: 'bob/nope', message: 'no provider' }]);
  await assert.rejects(client.renew('alice/nothing'), (error) => isLatchkeyError(error, 'credmon/not-found'));
  await assert.rejects(client.lease('../etc'), (error) => isLatchkeyError(error, 'credmon/not-found'));
});

test('thirty thousand leases come whole', async (t) => {
  const { path, keeper } = await setUp(t);
  for (let n = 0; n < 30_000; n += 1) {
    const status = leaseStatus(`user${n}/scitokens`);
    keeper.leases.set(status.lease.id, status);
  }
  const client = await connectControl(path);
  assert.equal((await client.leases()).length, 30_002);
});

test('nobody there, a leftover, somebody else: each is told apart', async (t) => {
  const { path, observation, monitor, directory } = await setUp(t);
  await assert.rejects(connectControl(join(directory, 'none.sock')), (error) =>
    isLatchkeyError(error, 'credmon/not-running'),
  );
  await assert.rejects(startControl({ path, credmon: monitor, observation }), (error) =>
    isLatchkeyError(error, 'daemon/already-running'),
  );
  assert.ok(existsSync(path));
  const long = join(directory, 'x'.repeat(120));
  await assert.rejects(startControl({ path: long, credmon: monitor, observation }), (error) =>
    isLatchkeyError(error, 'config/invalid'),
  );
});

test('a socket that a crash has left is replaced', async (t) => {
  const { observation, monitor, directory } = await setUp(t);
  const path = join(directory, 'left.sock');
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once('listening', resolve));
  // What a crash leaves: the name without anybody behind it. Closing would remove it, so it is moved away meanwhile.
  const { renameSync } = await import('node:fs');
  renameSync(path, `${path}.kept`);
  await new Promise((resolve) => server.close(resolve));
  renameSync(`${path}.kept`, path);
  const control = await startControl({ path, credmon: monitor, observation });
  assert.equal((await connectControl(path).then((client) => client.leases())).length, 2);
  await control.close();
  assert.equal(existsSync(path), false);
});

test('a user without rights is told so', async (t) => {
  const { path } = await setUp(t);
  if (process.getuid?.() === 0) {
    // Root may do everything: the answer of the kernel for others is tried in a process of another user.
    const { spawnSync } = await import('node:child_process');
    chmodSync(join(path, '..'), 0o755);
    const script = `require('net').connect(${JSON.stringify(path)}).on('error', (e) => console.log(e.code))`;
    const run = spawnSync(process.execPath, ['-e', script], { uid: 65_534, gid: 65_534, encoding: 'utf8' });
    assert.equal(run.stdout.trim(), 'EACCES');
    return;
  }
  chmodSync(path, 0);
  await assert.rejects(connectControl(path), (error) => isLatchkeyError(error, 'credmon/not-allowed'));
});

test('what goes wrong inside is 500, and is told to the log', async (t) => {
  const { observation } = await setUp(t);
  const told: string[] = [];
  const broken = { ...observation, metrics: () => Promise.reject(new Error('no such class')) };
  const port = await startStatusPort({ host: '127.0.0.1', port: 0 }, broken, (what, error) =>
    told.push(`${what}: ${String(error)}`),
  );
  t.after(() => port.close());
  const { status, text } = await askPort(port.port, '/metrics?x=y', 'GET');
  assert.equal(status, 500);
  assert.doesNotMatch(text, /no such class/);
  assert.deepEqual(told, ['GET /metrics: Error: no such class']);
});

test('health, readiness and metrics for machines; nothing else on that port', async (t) => {
  const { keeper, observation } = await setUp(t);
  const port = await startStatusPort({ host: '127.0.0.1', port: 0 }, observation);
  t.after(() => port.close());
  const ask = (path: string, method = 'GET') => askPort(port.port, path, method);
  assert.equal((await ask('/healthz')).status, 200);
  const early = await ask('/readyz');
  assert.equal(early.status, 503);
  assert.match(JSON.parse(early.text).checks.scan, /not finished/);
  observation.scanned(120);
  assert.equal((await ask('/readyz')).status, 200);
  for (const path of ['/v1/leases', '/v1/status', '/', '/metrics/x'])
    assert.equal((await ask(path)).status, 404, path);
  assert.equal((await ask('/v1/wake', 'POST')).status, 404);
  assert.equal((await ask('/healthz', 'POST')).status, 404);

  observation.requested('alice/scitokens', new Date(Date.now() - 20));
  const { lease } = leaseStatus('alice/scitokens');
  const held = { kind: 'token', id: 'jti-7', issuedAt: new Date(), expiresAt: undefined };
  keeper.send({ type: 'renewed', lease, held, durationMs: 3 });
  const failure = { code: 'oauth/unavailable', message: 'no answer', at: new Date() } as const;
  keeper.send({
    type: 'failed',
    lease: leaseStatus('bob/mytokens_read').lease,
    failure,
    failures: 1,
    nextAt: new Date(),
    expiresAt: undefined,
  });
  keeper.send({ type: 'breaker', authority: 'https://op.example', state: 'open' });
  const metrics = await ask('/metrics');
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
  const families = parseExposition(metrics.text);
  const value = (name: string, labels?: Record<string, string>) => sampleOf(families, name, labels);
  assert.equal(value('latchkey_renewals_total', { provider: 'scitokens', outcome: 'renewed' }), 1);
  assert.equal(
    value('latchkey_renewal_failures_total', { provider: 'mytokens', cause: 'oauth/unavailable' }),
    1,
  );
  assert.equal(value('latchkey_breaker_state', { authority: 'https://op.example' }), 2);
  assert.equal(value('latchkey_leases', { provider: 'scitokens', state: 'current' }), 1);
  assert.equal(value('latchkey_leases_ending_within', { provider: 'scitokens', seconds: '3600' }), 1);
  assert.equal(value('latchkey_leases_ending_within', { provider: 'scitokens', seconds: '900' }), 0);
  assert.ok((value('latchkey_soonest_expiry_seconds', { provider: 'mytokens' }) ?? 0) > 1_000);
  assert.equal(value('latchkey_request_latency_seconds_count'), 1);
  assert.equal(value('latchkey_scan_duration_seconds_count'), 1);
  assert.ok((value('process_resident_memory_bytes') ?? 0) > 1e6);
  // Bounded: nothing that names a user or a file.
  assert.doesNotMatch(metrics.text, /alice|bob|jti-7/);
});

test('the audit file has a line for each token, 0600, and begins anew after rotation', async (t) => {
  const { keeper, observation, directory } = await setUp(t, { auditFile: true });
  const file = join(directory, 'audit.jsonl');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { lease } = leaseStatus('alice/scitokens');
  const held = { kind: 'token', id: 'jti-7', scope: 'read:/', issuedAt: new Date(), expiresAt: undefined };
  keeper.send({ type: 'renewed', lease, held, durationMs: 3 });
  observation.revoked('alice/mytokens_read');
  renameSync(file, `${file}.1`);
  observation.reopen();
  assert.equal(readFileSync(file, 'utf8'), '');
  const lines = readFileSync(`${file}.1`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ event, id, owner, provider }) => [event, id, owner, provider]),
    [
      ['issue', 'jti-7', 'alice', 'scitokens'],
      ['revoke', undefined, 'alice', 'mytokens'],
    ],
  );
});

test('the socket is closed to what is no request of ours', async (t) => {
  const { path } = await setUp(t);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const outgoing = request(
      { socketPath: path, method: 'DELETE', path: '/v1/leases/alice%2Fscitokens' },
      (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode);
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
  assert.equal(status, 404);
  writeFileSync(join(path, '..', 'not-a-socket'), '');
  await assert.rejects(connectControl(join(path, '..', 'not-a-socket')), (error) =>
    isLatchkeyError(error, 'credmon/not-running'),
  );
});

function askPort(
  port: number,
  path: string,
  method: string,
): Promise<{ readonly status: number; readonly text: string; readonly contentType: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, method }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          text,
          contentType: incoming.headers['content-type'] ?? '',
        }),
      );
    }).on('error', reject);
  });
}
