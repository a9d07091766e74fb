// The real Pyro4 client and our server, in every serializer.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { ObjectServer, type ObjectServerOptions, serializers } from '../../src/pyro/index.ts';
import { until } from '../support/credential-directory.ts';
import { EchoObject } from '../support/pyro/echo-object.ts';
import { havePyro4, pyroVersions, startClient } from '../support/pyro/peers.ts';
import { workspace } from '../support/workspace.ts';

const MATRIX = pyroVersions.flatMap((version) =>
  Object.keys(serializers).map((name) => [version, name] as const),
);

for (const [version, serializer] of MATRIX) {
  test(`Pyro${version}, ${serializer}: a client calls, reads and writes, streams and batches`, async (t) => {
    if (!havePyro4(t)) return;
    const { echo, uri } = await served(t);
    const client = startClient(t, workspace(t), uri, { version, serializer });
    const call = (method: string, ...args: unknown[]) => client.step({ do: 'call', method, args });

    const told = (await client.step({ do: 'metadata' })).value as Record<string, string[]>;
    assert.deepEqual(told.oneway, ['note']);
    assert.deepEqual(told.attributes, ['count', 'fixed']);
    assert.ok(told.methods?.includes('echo'));

    for (const value of [null, true, 1, -1.5, 2 ** 40, 'hé\n"\'', [1, [2, 'x']], { a: { b: [1] } }])
      assert.deepEqual(await call('echo', value), { value });
    assert.deepEqual(await client.step({ do: 'call', method: 'add', args: [1], kwargs: { b: 2 } }), {
      value: 3,
    });
    assert.deepEqual(await call('later', 'x'), { value: 'x' });
    assert.deepEqual(await call('nothing'), { value: null });

    const failed = await call('fail', 'bad');
    assert.equal(failed.error, 'builtins.ValueError');
    assert.deepEqual(failed.args, ['bad']);
    assert.equal((await call('failkey', 'k')).error, 'builtins.KeyError');
    const own = await call('failown');
    assert.equal(own.error, 'builtins.RuntimeError');
    assert.match(own.message ?? '', /odd/);
    assert.equal((await call('unsendable')).error, 'builtins.TypeError');

    // Pyro's client checks names itself, and its marshal cannot ask for attributes.
    for (const [method, words] of [
      ['hidden', "attempt to access unexposed attribute 'hidden'"],
      ['_private', "attempt to access private attribute '_private'"],
      ['constructor', "attempt to access unexposed attribute 'constructor'"],
      ['__proto__', "attempt to access private attribute '__proto__'"],
    ]) {
      const refused = await client.step({ do: 'invoke', method });
      assert.equal(refused.error, 'builtins.AttributeError');
      assert.equal(refused.message, words);
    }
    if (serializer !== 'marshal') {
      assert.deepEqual(await client.step({ do: 'set', name: 'count', value: 5 }), { value: null });
      assert.deepEqual(await client.step({ do: 'get', name: 'count' }), { value: 5 });
      assert.equal(
        (await client.step({ do: 'set', name: 'fixed', value: 5 })).error,
        'builtins.AttributeError',
      );
      const calls = [
        ['echo', ['a']],
        ['fail', ['bad']],
        ['echo', ['b']],
      ];
      assert.deepEqual(await client.step({ do: 'batch', calls }), {
        value: ['a', { error: 'ValueError', message: 'bad' }],
      });
      await client.step({ do: 'batch', calls: [['note', [1]]], oneway: true });
      await until(() => echo.count === 6, 'the one-way batch was done');
    }
    const before = echo.count;
    await call('note', 1);
    await until(() => echo.count === before + 1, 'the one-way call was done');

    assert.deepEqual(await client.step({ do: 'items', method: 'gen', args: [3] }), { value: [0, 10, 20] });
    assert.deepEqual(await client.step({ do: 'items', method: 'genasync', args: [2] }), { value: [0, 10] });
    assert.equal(
      (await client.step({ do: 'items', method: 'failgen', args: [1] })).error,
      'builtins.ValueError',
    );
    const ended = echo.ended;
    assert.deepEqual(await client.step({ do: 'items', method: 'gen', args: [1_000_000], limit: 2 }), {
      value: [0, 10],
    });
    await until(() => echo.ended === ended + 1, 'the generator was cleaned up');

    if (serializer !== 'json') {
      assert.deepEqual(await call('size', { bytes: '0001ff' }), { value: 3 });
      const blob = await call('blob');
      if (serializer === 'serpent') assert.deepEqual(blob, { value: { data: 'AAH/', encoding: 'base64' } });
      else assert.deepEqual(blob, { value: { bytes: '0001ff' } });
    } else assert.equal((await call('blob')).error, `Pyro${version}.errors.SerializeError`);

    const followed = await client.step({ do: 'follow', method: 'child', args: ['kid'], next: 'name' });
    assert.deepEqual(followed, { value: 'kid' });
    const inner = (await call('nested')).value as { list: [{ proxy: string; methods: string[] }] };
    assert.deepEqual(inner.list[0].methods, ['name']);
    const [ping, info, registered] = (await client.step({ do: 'ping' })).value as [unknown, string, unknown];
    assert.equal(ping, null);
    assert.match(info, /127\.0\.0\.1/);
    assert.deepEqual(registered, ['Pyro.Daemon', 'echo']);
  });
}

test('an object that is not there is refused, in the words of Pyro', async (t) => {
  if (!havePyro4(t)) return;
  const { uri } = await served(t);
  const client = startClient(t, workspace(t), uri.replace('echo@', 'other@'));
  const answer = await client.step({ do: 'call', method: 'echo', args: [1] });
  assert.equal(answer.error, 'Pyro4.errors.CommunicationError');
  assert.match(answer.message ?? '', /rejected: unknown object/);
});

test('pickle is refused with a reason, and nothing of it is read', async (t) => {
  if (!havePyro4(t)) return;
  const { uri } = await served(t);
  const client = startClient(t, workspace(t), uri, { serializer: 'pickle' });
  const answer = await client.step({ do: 'call', method: 'echo', args: [1] });
  assert.equal(answer.error, 'Pyro4.errors.CommunicationError');
  assert.match(
    answer.message ?? '',
    /rejected: the peer speaks pickle, which is never read.*SERIALIZER = "serpent"/,
  );
});

test('a serializer that the server does not accept is refused', async (t) => {
  if (!havePyro4(t)) return;
  const { uri } = await served(t, { serializers: ['json'] });
  const client = startClient(t, workspace(t), uri, { serializer: 'serpent' });
  assert.match(
    (await client.step({ do: 'call', method: 'echo', args: [1] })).message ?? '',
    /not accepted: serpent/,
  );
});

test('the HMAC key of the server: right, wrong, missing', async (t) => {
  if (!havePyro4(t)) return;
  const { uri } = await served(t, { hmacKey: new Secret('s3cret') });
  const directory = workspace(t);
  const step = { do: 'call', method: 'echo', args: [1] };
  assert.deepEqual(await startClient(t, directory, uri, { hmacKey: 's3cret' }).step(step), { value: 1 });
  const wrong = await startClient(t, directory, uri, { hmacKey: 'other' }).step(step);
  assert.match(wrong.message ?? '', /hmac mismatch/);
  assert.match((await startClient(t, directory, uri).step(step)).message ?? '', /hmac/);
  const open = await served(t);
  assert.match(
    (await startClient(t, directory, open.uri, { hmacKey: 's3cret' }).step(step)).message ?? '',
    /hmac/,
  );
});

test('authorize lets a Pyro client in by its handshake, or not; without it a token keeps all strangers out', async (t) => {
  if (!havePyro4(t)) return;
  const directory = workspace(t);
  const step = { do: 'call', method: 'echo', args: [1] };
  const asked = await served(t, {
    authorize: (handshake) => {
      if (handshake !== 'let me in') throw new Error('say please');
      return 'welcome';
    },
  });
  assert.deepEqual(await startClient(t, directory, asked.uri, { more: ['handshake:let me in'] }).step(step), {
    value: 1,
  });
  assert.match((await startClient(t, directory, asked.uri).step(step)).message ?? '', /say please/);
  const tokened = await served(t, { token: new Secret('of this job') });
  const refused = await startClient(t, directory, tokened.uri).step(step);
  assert.match(refused.message ?? '', /admits only clients that know its token/);
});

test('a Unix socket, which only its owner can open', async (t) => {
  if (!havePyro4(t)) return;
  const path = join(workspace(t), 'echo.sock');
  const { uri } = await served(t, { address: { path } });
  assert.equal(uri, `PYRO:echo@./u:${path}`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const client = startClient(t, workspace(t), uri);
  assert.deepEqual(await client.step({ do: 'call', method: 'echo', args: [1] }), { value: 1 });
});

test('a message that is too large is refused with a reason, both ways', async (t) => {
  if (!havePyro4(t)) return;
  const { uri } = await served(t, { maxMessageBytes: 100_000 });
  const client = startClient(t, workspace(t), uri);
  const answered = await client.step({ do: 'call', method: 'big', args: [200_000] });
  assert.match(answered.message ?? '', /at most 100000/);
  const sent = await client.step({ do: 'call', method: 'echo', args: [{ repeat: ['x', 5_000_000] }] });
  assert.equal(sent.error, 'Pyro4.errors.MessageTooLargeError');
  assert.match(sent.message ?? '', /at most 100000/);
});

test('a compressing client is understood', async (t) => {
  if (!havePyro4(t)) return;
  const { uri } = await served(t);
  const client = startClient(t, workspace(t), uri, { more: ['compress'] });
  const answer = await client.step({ do: 'call', method: 'size', args: [{ repeat: ['x', 100_000] }] });
  assert.deepEqual(answer, { value: 100_000 });
});

test('a proxy that a Pyro4 client passes can be called from here', async (t) => {
  if (!havePyro4(t)) return;
  const { uri } = await served(t);
  const client = startClient(t, workspace(t), uri);
  const answer = await client.step({ do: 'call', method: 'echo', args: [{ proxy: uri }] });
  assert.equal((answer.value as { proxy: string }).proxy, uri);
});

async function served(
  t: TestContext,
  options: Partial<ObjectServerOptions> = {},
): Promise<{ echo: EchoObject; server: ObjectServer; uri: string }> {
  const server = await ObjectServer.listen({ address: { host: '127.0.0.1', port: 0 }, ...options });
  t.after(() => server.close(0));
  const echo = new EchoObject();
  return { echo, server, uri: server.publish(echo.exposed, 'echo') };
}
