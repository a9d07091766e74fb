import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Secret } from '../../../src/kit/index.ts';
import type { PyroLocation } from '../../../src/pyro/index.ts';
import { RegistryClient, RegistryServer } from '../../../src/remote/index.ts';
import { freePort } from '../../support/free-port.ts';
import { endTree } from '../../support/processes.ts';
import { havePyro4 } from '../../support/pyro/peers.ts';
import { endsWith, workspace } from '../../support/workspace.ts';

interface Result {
  readonly code: number | null;
  readonly output: string;
}

/** Runs Debian's `pyro4-nsc` against a name server. */
function nsc(
  address: PyroLocation,
  words: readonly string[],
  options: { key?: string; input?: string } = {},
): Promise<Result> {
  const where = 'path' in address ? ['-u', address.path] : ['-n', address.host, '-p', String(address.port)];
  const { PATH, HOME } = process.env;
  const child = spawn('pyro4-nsc', [...where, ...words], {
    env: { PATH, HOME, ...(options.key === undefined ? {} : { PYRO_HMAC_KEY: options.key }) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  child.stdin.end(options.input ?? '');
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

/** A real `pyro4-ns`. */
async function pyro4Ns(t: TestContext, key?: string): Promise<PyroLocation> {
  const directory = workspace(t);
  const port = await freePort();
  const { PATH, HOME } = process.env;
  const child = spawn('pyro4-ns', ['-n', '127.0.0.1', '-p', String(port), '-x'], {
    stdio: 'ignore',
    env: { PATH, HOME, LATCHKEY_TEST_MARK: directory, ...(key === undefined ? {} : { PYRO_HMAC_KEY: key }) },
  });
  endsWith(t, directory, () => endTree(child.pid ?? 0, directory));
  for (;;) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      t.after(() => socket.destroy());
    });
    if (isUp) return { host: '127.0.0.1', port };
    if (child.exitCode !== null) throw new Error('pyro4-ns ended');
    await delay(30);
  }
}

for (const [kind, key] of [
  ['without a key', undefined],
  ['with an HMAC key', 's3cret'],
] as const) {
  test(`pyro4-nsc does all it can with our registry, ${kind}`, async (t) => {
    if (!havePyro4(t)) return;
    const server = await RegistryServer.listen({
      address: { host: '127.0.0.1', port: 0 },
      ...(key === undefined ? {} : { hmacKey: new Secret(key) }),
    });
    t.after(() => server.close());
    const run = async (...words: string[]) =>
      (await nsc(server.address, words, key === undefined ? {} : { key })).output;
    assert.match(await run('ping'), /Name server ping ok/);
    assert.match(await run('register', 'a.model', 'PYRO:x@host.example:1'), /Registered a\.model/);
    assert.match(
      await run('register', 'a.model', 'PYRO:y@host.example:1'),
      /Error: NamingError - name already registered/,
    );
    assert.match(await run('register', 'b.model', 'http://x'), /Error: NamingError - .*no Pyro URI/);
    assert.match(await run('lookup', 'a.model'), /^PYRO:x@host\.example:1$/m);
    assert.match(await run('lookup', 'none'), /Error: NamingError - unknown name: "none"/);
    assert.match(await run('setmeta', 'a.model', 'red', 'blue'), /Metadata updated/);
    assert.match(await run('lookup', 'a.model'), /metadata: \['blue', 'red'\]/);
    const list = await run('list');
    assert.match(
      list,
      /Pyro\.NameServer --> PYRO:Pyro\.NameServer@127\.0\.0\.1:\d+\n +metadata: \['class:Pyro4\.naming\.NameServer'/,
    );
    assert.match(list, /a\.model --> PYRO:x@host\.example:1\n +metadata: \['blue', 'red'\]/);
    assert.doesNotMatch(await run('list', 'b.'), /a\.model/);
    assert.match(await run('listmatching', '[ab]\\.m.*$'), /a\.model -->/);
    assert.match(await run('listmatching', '(?=a)'), /Error: NamingError - invalid regex/);
    assert.match(await run('listmeta_all', 'red', 'blue'), /a\.model -->/);
    assert.doesNotMatch(await run('listmeta_all', 'red', 'green'), /a\.model -->/);
    assert.match(await run('listmeta_any', 'red', 'green'), /a\.model -->/);
    const answers = await nsc(server.address, ['removematching', 'a'], {
      input: 'y\n',
      ...(key === undefined ? {} : { key }),
    });
    assert.match(answers.output, /1 items removed/);
    assert.match(await run('remove', 'a.model'), /Nothing removed/);
    assert.match(await run('remove', 'Pyro.NameServer'), /Nothing removed/);
  });

  test(`our client does all it can with pyro4-ns, ${kind}`, async (t) => {
    if (!havePyro4(t)) return;
    const address = await pyro4Ns(t, key);
    const client = await RegistryClient.connect(
      address,
      key === undefined ? {} : { hmacKey: new Secret(key) },
    );
    t.after(() => client.close());
    assert.equal(client.isOurs, false);
    await client.ping();
    assert.equal(await client.count(), 1);
    const entry = { name: 'a.model', uri: 'PYRO:x@host.example:1', tags: ['blue', 'red'] };
    await client.register(entry);
    await client.register(entry);
    await assert.rejects(client.register({ ...entry, uri: 'PYRO:y@h:1' }), { code: 'remote/name-taken' });
    assert.deepEqual(await client.lookup('a.model'), { ...entry, isOwned: false });
    await assert.rejects(client.lookup('none'), { code: 'remote/name-unknown' });
    assert.deepEqual((await client.list()).map(({ name }) => name).sort(), ['Pyro.NameServer', 'a.model']);
    for (const filter of [
      { prefix: 'a' },
      { pattern: 'a.m' },
      { allTags: ['red'] },
      { anyTags: ['red', 'x'] },
    ])
      assert.deepEqual(await client.list(filter), [{ ...entry, isOwned: false }]);
    await client.setTags('a.model', ['green']);
    assert.deepEqual((await client.lookup('a.model')).tags, ['green']);
    assert.equal(await client.remove('a.model'), true);
    assert.equal(await client.remove('a.model'), false);
  });
}

test('a client without the key, or with another, gets nothing from a registry that has one', async (t) => {
  if (!havePyro4(t)) return;
  const server = await RegistryServer.listen({
    address: { host: '127.0.0.1', port: 0 },
    hmacKey: new Secret('right'),
  });
  t.after(() => server.close());
  assert.match((await nsc(server.address, ['ping'])).output, /Failed to locate the nameserver/);
  assert.match(
    (await nsc(server.address, ['ping'], { key: 'wrong' })).output,
    /Failed to locate the nameserver/,
  );
  assert.match((await nsc(server.address, ['ping'], { key: 'right' })).output, /ping ok/);
});

test('pyro4-nsc over a Unix socket', async (t) => {
  if (!havePyro4(t)) return;
  const path = `${workspace(t)}/ns`;
  const server = await RegistryServer.listen({ address: { path } });
  t.after(() => server.close());
  assert.match((await nsc({ path }, ['register', 'x', 'PYRO:x@./u:/run/x'])).output, /Registered x/);
  assert.match((await nsc({ path }, ['list'])).output, /x --> PYRO:x@\.\/u:\/run\/x/);
});
