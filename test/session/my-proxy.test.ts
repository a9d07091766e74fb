// MyProxy contexts against our own server: the logon is done when the context is added, and the proxy is renewed while the session lives.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import type { KeeperEvent } from '../../src/keeper/index.ts';
import { isLatchkeyError, LatchkeyError, Secret } from '../../src/kit/index.ts';
import { MyProxyClient } from '../../src/myproxy/index.ts';
import { Context, Session, type SessionOptions } from '../../src/session/index.ts';
import { readProxyFile } from '../../src/x509/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Grid, makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { type SocketServer, startSocketServer } from '../support/socket-server.ts';
import { workspace } from '../support/workspace.ts';

const PASS_PHRASE = 'correct horse battery';

interface Stage {
  readonly directory: string;
  readonly grid: Grid;
  readonly server: SocketServer;
  readonly env: NodeJS.ProcessEnv;
  session(options?: SessionOptions): Session;
}

/** A server with jane's credential stored. */
async function stage(t: TestContext): Promise<Stage | undefined> {
  if (!havePeers(t, 'openssl')) return undefined;
  const directory = workspace(t);
  const grid = await makeGrid(directory);
  const server = await startSocketServer(t, grid);
  const identity = { certFile: grid.user.certificate, keyFile: grid.user.key };
  const client = new MyProxyClient({ env: server.env, identity });
  await client.put({ username: 'jane', passphrase: new Secret(PASS_PHRASE) });
  const { MYPROXY_SERVER: _host, MYPROXY_SERVER_PORT: _port, ...env } = server.env;
  return {
    ...{ directory, grid, server, env },
    session: (options = {}) => {
      const session = new Session({ ...{ defaults: false, env, home: directory, directory }, ...options });
      t.after(() => session.close());
      return session;
    },
  };
}

function contextFor({ server }: Stage, more = {}) {
  return new Context('MyProxy', {
    ...{ server: `localhost:${server.port}`, user_id: 'jane', user_pass: PASS_PHRASE, life_time: 1 },
    ...more,
  });
}

/** Directories that sessions have made. */
function privateDirectories(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('latchkey-session-'));
}

function proxiesIn(directory: string, name: string): string[] {
  return readdirSync(join(directory, name)).filter((file) => !file.startsWith('.'));
}

async function failure(act: Promise<unknown>): Promise<LatchkeyError> {
  const error = await act.then(
    () => assert.fail('it was accepted'),
    (reason) => reason,
  );
  assert.ok(error instanceof LatchkeyError, String(error));
  return error;
}

test('the logon is done when the context is added; the proxy is private, and gone when the session is closed', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const session = scene.session();
  const context = contextFor(scene, { life_time: '30m' });
  const added = await session.addContext(context);
  const left = (session.expiresAt(context)?.getTime() ?? 0) - Date.now();
  assert.ok(left > 1_700_000 && left < 1_800_500, `${left} ms`);
  assert.ok(session.isRenewable(added));
  const [name = ''] = privateDirectories(scene.directory);
  const place = join(scene.directory, name);
  assert.equal(statSync(place).mode & 0o777, 0o700);
  const [file = ''] = proxiesIn(scene.directory, name);
  assert.equal(lstatSync(join(place, file)).mode & 0o777, 0o600);
  assert.ok(!file.includes('jane'));
  const { used } = await session.explain('gsissh://somewhere.example.org');
  assert.deepEqual(
    used.map(({ context: one }) => one),
    ['MyProxy 1'],
  );
  assert.match(used[0]?.summary ?? '', /^jane at localhost:\d+, "\/O=Grid\/OU=Test\/CN=Jane User" until /);
  const shown = inspect([session, await session.list(), added, [...session.keeper.list()]], { depth: 9 });
  assert.ok(!shown.includes(PASS_PHRASE));
  await session.close();
  assert.deepEqual(privateDirectories(scene.directory), []);
});

test('what the server says is told: wrong pass phrase, unknown user, nobody there, a server we do not trust', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const session = scene.session();
  const wrong = await failure(session.addContext(contextFor(scene, { user_pass: 'no such pass phrase' })));
  assert.equal(wrong.code, 'myproxy/server-refused');
  assert.equal(wrong.details.reason, 'pass-phrase-wrong');
  assert.ok(isLatchkeyError(wrong.cause, 'myproxy/server-refused'));
  const cases: [object, string][] = [
    [{ user_id: 'nobody' }, 'myproxy/server-refused'],
    [{ server: 'localhost:1' }, 'myproxy/connect'],
    [{ server: 'a host with spaces' }, 'config/invalid'],
    [{ life_time: 'for ever' }, 'session/context-invalid'],
    [{ cert_repository: '$HOME/nowhere' }, 'x509/trust-missing'],
    [{ user_pass: { env: 'NOT_SET' } }, 'session/context-unusable'],
  ];
  for (const [more, code] of cases) {
    assert.equal(
      (await failure(session.addContext(contextFor(scene, more)))).code,
      code,
      JSON.stringify(more),
    );
  }
  const nameless = await failure(scene.session().addContext(new Context('MyProxy', { user_id: 'jane' })));
  assert.match(nameless.message, /server is missing/);
  assert.equal(session.contexts.length, 0);
  assert.deepEqual(privateDirectories(scene.directory), []);
});

test('the keeper renews the proxy before it ends, in the same file', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const clock = new FakeClock(new Date().toISOString());
  const session = scene.session({ clock });
  const context = contextFor(scene);
  await session.addContext(context);
  const [name = ''] = privateDirectories(scene.directory);
  const path = join(scene.directory, name, proxiesIn(scene.directory, name)[0] ?? '');
  const before = (await readProxyFile(path)).chain[0]?.serialNumber;
  const renewed = new Promise<KeeperEvent>((resolve) => session.keeper.subscribe(resolve));
  await clock.advance(20 * 60_000);
  assert.equal((await readProxyFile(path)).chain[0]?.serialNumber, before, 'not yet');
  // Stops where the renewal begins: the network lives in another time than the clock.
  const [id = ''] = [...session.keeper.list()].map(({ lease }) => lease.id);
  for (let step = 0; step < 120 && session.keeper.status(id)?.state !== 'renewing'; step += 1) {
    await clock.advance(10_000);
  }
  const event = await renewed;
  assert.ok(event.type === 'renewed', inspect(event));
  assert.notEqual((await readProxyFile(path)).chain[0]?.serialNumber, before);
  assert.equal(event.lease.owner, 'jane');
  await session.close();
  assert.ok(!existsSync(dirname(path)));
});

test('without a pass phrase our own credential speaks for us, and is no secret of the session', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const { grid, server, env } = scene;
  const identity = { certFile: grid.user.certificate, keyFile: grid.user.key };
  const client = new MyProxyClient({ env: server.env, identity });
  const policies = { trustedRetrievers: grid.robot.dn };
  await client.put({ username: 'jane', policies });
  const robot = { ...env, X509_USER_CERT: grid.robot.certificate, X509_USER_KEY: grid.robot.key };
  const clock = new FakeClock(new Date().toISOString());
  const session = scene.session({ env: robot, clock });
  const context = contextFor(scene, { user_pass: undefined });
  await session.addContext(context);
  assert.match((await session.list())[0]?.summary ?? '', /CN=Jane User/);
  const nobody = scene.session();
  assert.equal(
    (await failure(nobody.addContext(contextFor(scene, { user_pass: undefined })))).code,
    'myproxy/server-refused',
  );
  const [id = ''] = [...session.keeper.list()].map(({ lease }) => lease.id);
  const status = await session.keeper.renewNow(id);
  assert.deepEqual([status.failures, status.lastError], [0, undefined]);
});

test('the source gives the proxy as it is; while the server is away too', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const session = scene.session();
  const context = contextFor(scene);
  await session.addContext(context);
  await scene.server.running.close(100);
  const lease = { id: 'job', owner: 'jane', kind: 'x509-proxy', provider: 'session' };
  const source = session.source(context);
  const credential = await source.obtain(lease, AbortSignal.timeout(5000));
  assert.equal(credential.kind, 'x509-proxy');
  assert.match(credential.bytes.revealText(), /^-----BEGIN CERTIFICATE-----[\s\S]*PRIVATE KEY/);
  assert.equal(credential.subject, '/O=Grid/OU=Test/CN=Jane User');
});

test('removing the context removes its proxy and ends its renewal', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const session = scene.session();
  const context = contextFor(scene);
  await session.addContext(context);
  const [name = ''] = privateDirectories(scene.directory);
  assert.equal(session.keeper.size, 1);
  assert.ok(await session.contexts.remove(context));
  assert.equal(session.keeper.size, 0);
  assert.deepEqual(proxiesIn(scene.directory, name), []);
  assert.equal(session.contexts.length, 0);
  assert.equal(await session.contexts.remove(context), false);
});

test('the pass phrase is in no file that the session makes', async (t) => {
  const scene = await stage(t);
  if (scene === undefined) return;
  const session = scene.session();
  await session.addContext(contextFor(scene));
  for (const name of privateDirectories(scene.directory)) {
    for (const file of readdirSync(join(scene.directory, name))) {
      assert.ok(!readFileSync(join(scene.directory, name, file), 'latin1').includes(PASS_PHRASE));
    }
  }
  assert.ok(!JSON.stringify(process.env).includes(PASS_PHRASE));
});
