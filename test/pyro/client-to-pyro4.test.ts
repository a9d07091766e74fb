// Our client and the real Pyro4 daemon, in every serializer.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import {
  type ConnectOptions,
  connectObject,
  Exposed,
  isPyroDict,
  ObjectServer,
  RemoteError,
  type RemoteObject,
  referenceOf,
  type SerializerName,
  serializers,
} from '../../src/pyro/index.ts';
import { type DaemonOptions, havePyro4, pyroVersions, startDaemon } from '../support/pyro/peers.ts';
import { workspace } from '../support/workspace.ts';

const NAMES = Object.keys(serializers) as SerializerName[];

for (const [version, serializer] of pyroVersions.flatMap((version) =>
  NAMES.map((name) => [version, name] as const),
)) {
  test(`Pyro${version}, ${serializer}: values, named arguments, exceptions, attributes, one-way, batches and streams`, async (t) => {
    if (!havePyro4(t)) return;
    const object = await connected(t, { version }, { serializer });
    assert.equal(object.isNative, false);
    assert.ok(object.methods.includes('echo'));
    assert.deepEqual(object.oneway, ['note']);
    assert.deepEqual(object.attributes, ['count']);

    for (const value of [null, true, 1, -1.5, 2 ** 40, 'hé\n"\'', [1, [2, 'x']], { a: { b: [1] } }])
      assert.deepEqual(await object.call('echo', [value]), value);
    assert.equal(await object.call('add', [1], { kwargs: { b: 2 } }), 3);
    assert.deepEqual(await object.call('keywords', [], { kwargs: { größe: 1 } }), { größe: 1 });

    const failed = await refused(object.call('fail', ['bad']), RemoteError);
    assert.equal(failed.remoteType, 'builtins.ValueError');
    assert.deepEqual(failed.args, ['bad']);
    assert.match(failed.traceback.join(''), /in fail\n.*raise ValueError/s);
    const custom = await refused(object.call('failcustom', ['odd']), RemoteError);
    assert.equal(custom.shortType, 'MyErr');
    assert.deepEqual(custom.args, ['odd']);
    assert.equal((await refused(object.call('zero'), RemoteError)).shortType, 'ZeroDivisionError');
    assert.equal((await refused(object.call('nothing'), RemoteError)).shortType, 'AttributeError');

    await object.send('note', [1]);
    await object.set('count', 7);
    assert.equal(await object.get('count'), 7);
    assert.equal((await refused(object.get('nothing'), RemoteError)).shortType, 'AttributeError');

    assert.deepEqual(
      await object.batch([
        { method: 'echo', args: ['a'] },
        { method: 'add', args: [1], kwargs: { b: 1 } },
      ]),
      ['a', 2],
    );

    const items = [];
    for await (const item of object.iterate('gen', [3])) items.push(item);
    assert.deepEqual(items, [0, 10, 20]);
    for await (const item of object.iterate('gen', [1_000_000])) if (item === 20) break;
    const ended = object.iterate('failgen', [1]);
    assert.deepEqual(await ended.next(), { done: false, value: 0 });
    assert.equal((await refused(ended.next(), RemoteError)).shortType, 'ValueError');
    assert.equal((await ended.next()).done, true);
    await assert.rejects(object.call('gen', [2]), (error) => isLatchkeyError(error, 'pyro/stream'));
    await assert.rejects(object.iterate('echo', [2]).next(), (error) =>
      isLatchkeyError(error, 'pyro/stream'),
    );
    assert.equal(await object.call('echo', ['still here']), 'still here');
  });
}

test('a batch that fails in the middle has its error in the last place', async (t) => {
  if (!havePyro4(t)) return;
  const object = await connected(t);
  const [first, second, ...rest] = await object.batch([
    { method: 'echo', args: [1] },
    { method: 'fail', args: ['x'] },
    { method: 'echo', args: [2] },
  ]);
  assert.equal(first, 1);
  assert.ok(second instanceof RemoteError);
  assert.equal(second.shortType, 'ValueError');
  assert.deepEqual(rest, []);
});

test('bytes reach Pyro4 and come back, as each serializer has them', async (t) => {
  if (!havePyro4(t)) return;
  const bytes = Buffer.from([0, 1, 0xff]);
  for (const serializer of NAMES) {
    const object = await connected(t, {}, { serializer });
    if (serializer === 'json') {
      await assert.rejects(object.call('size', [bytes]), (error) => isLatchkeyError(error, 'pyro/value'));
      assert.equal((await refused(object.call('blob'), RemoteError)).shortType, 'SerializeError');
      continue;
    }
    assert.equal(await object.call('size', [bytes]), 3);
    assert.deepEqual(Buffer.from((await object.call('blob')) as Uint8Array), bytes);
  }
});

test('many calls at once are sent one behind the other, and each gets its own answer', async (t) => {
  if (!havePyro4(t)) return;
  for (const more of [[], ['mux']]) {
    const object = await connected(t, { more });
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => object.call('echo', [i])));
    assert.deepEqual(
      answers,
      Array.from({ length: 500 }, (_, i) => i),
    );
  }
});

test('an HMAC key that is right, wrong, missing here or missing there', async (t) => {
  if (!havePyro4(t)) return;
  const directory = workspace(t);
  const keyed = await startDaemon(t, directory, { hmacKey: 's3cret' });
  const object = await connectObject(keyed.uri, { hmacKey: new Secret('s3cret') });
  t.after(() => object.close());
  assert.equal(await object.call('echo', ['x']), 'x');
  for await (const item of object.iterate('gen', [1])) assert.equal(item, 0);
  const hmac = (error: unknown) =>
    isLatchkeyError(error, 'pyro/hmac') ||
    (isLatchkeyError(error, 'pyro/refused') && /hmac/i.test(error.message));
  await assert.rejects(connectObject(keyed.uri, { hmacKey: new Secret('wrong') }), hmac);
  await assert.rejects(connectObject(keyed.uri), hmac);
  const open = await startDaemon(t, directory);
  await assert.rejects(connectObject(open.uri, { hmacKey: new Secret('s3cret') }), hmac);
});

test('a Unix socket', async (t) => {
  if (!havePyro4(t)) return;
  const directory = workspace(t);
  const { uri } = await startDaemon(t, directory, { unix: join(directory, 'echo.sock') });
  assert.match(uri, /@\.\/u:/);
  const object = await connectObject(uri);
  t.after(() => object.close());
  assert.equal(await object.call('echo', [1]), 1);
});

test('what is too large is refused here, or there, and said so', async (t) => {
  if (!havePyro4(t)) return;
  const object = await connected(t, {}, { maxMessageBytes: 10_000 });
  const tooLarge = (error: unknown) => isLatchkeyError(error, 'pyro/too-large');
  await assert.rejects(object.call('echo', ['x'.repeat(20_000)]), tooLarge);
  assert.equal(await object.call('echo', ['small']), 'small');
  await assert.rejects(
    object.call('big', [20_000]),
    (error) => isLatchkeyError(error, 'pyro/lost') && /at most 10000/.test(error.message),
  );
  const strict = await connected(t, { more: ['max:10000'] });
  await assert.rejects(strict.call('echo', ['x'.repeat(20_000)]), (error) =>
    isLatchkeyError(error, 'pyro/lost'),
  );
});

test('a compressing daemon is understood', async (t) => {
  if (!havePyro4(t)) return;
  const object = await connected(t, { more: ['compress'] });
  assert.equal(await object.call('big', [100_000]), 'x'.repeat(100_000));
});

test('an object that a method returns is a reference that can be followed, and a URI too', async (t) => {
  if (!havePyro4(t)) return;
  for (const [version, serializer] of pyroVersions.flatMap((version) =>
    NAMES.map((name) => [version, name] as const),
  )) {
    const object = await connected(t, { version }, { serializer });
    const value = await object.call('child', ['kid']);
    if (serializer === 'marshal') {
      // Pyro4's marshal has no automatic proxies.
      assert.ok(isPyroDict(value));
      continue;
    }
    assert.deepEqual(referenceOf(value)?.metadata?.methods, ['name']);
    const child = await object.follow(value);
    assert.equal(await child.call('name'), 'kid');
    const again = await object.follow(await object.call('uri'));
    assert.equal(await again.call('echo', [3]), 3);
  }
});

test('an object of ours that is passed to Pyro4 is a proxy there, and is called back', async (t) => {
  if (!havePyro4(t)) return;
  const publisher = await ObjectServer.listen({ address: { host: '127.0.0.1', port: 0 } });
  t.after(() => publisher.close(0));
  const ours = new Exposed({ methods: { double: ([x]) => Number(x) * 2 } });
  for (const version of pyroVersions) {
    const object = await connected(t, { version }, { publisher });
    assert.equal(await object.call('call_back', [ours, 'double', 21]), 42);
    assert.equal(await object.call('call_back', [object, 'add', 1, 2]), 3);
  }
  const alone = await connected(t);
  await assert.rejects(alone.call('echo', [ours]), TypeError);
});

test('a token is known to no Pyro daemon: it is not talked to', async (t) => {
  if (!havePyro4(t)) return;
  const { uri } = await startDaemon(t, workspace(t));
  await assert.rejects(connectObject(uri, { token: new Secret('a job of mine') }), (error) => {
    assert.ok(isLatchkeyError(error, 'pyro/wrong-peer'));
    assert.doesNotMatch(error.message, /a job of mine/);
    return true;
  });
});

test('an object that the daemon does not have is refused in its words', async (t) => {
  if (!havePyro4(t)) return;
  const { uri } = await startDaemon(t, workspace(t));
  await assert.rejects(
    connectObject(uri.replace('echo@', 'other@')),
    (error) => isLatchkeyError(error, 'pyro/refused') && /unknown object/.test(error.message),
  );
});

async function connected(
  t: TestContext,
  daemon: DaemonOptions = {},
  options: ConnectOptions = {},
): Promise<RemoteObject> {
  const { uri } = await startDaemon(t, workspace(t), daemon);
  const object = await connectObject(uri, options);
  t.after(() => object.close());
  return object;
}

/** The error of a call that must fail with one of that kind. */
async function refused<E extends Error>(
  call: Promise<unknown>,
  kind: abstract new (...args: never) => E,
): Promise<E> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof kind, String(error));
    return error;
  }
  assert.fail('it did not fail');
}
