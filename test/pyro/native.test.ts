// Our client and our server, which recognise each other.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import {
  type ConnectOptions,
  type Converter,
  connectObject,
  Exposed,
  expose,
  ObjectServer,
  type ObjectServerOptions,
  PassedUri,
  parseObjectUri,
  parsePyroUri,
  RemoteError,
  type RemoteObject,
  remote,
} from '../../src/pyro/index.ts';
import { until } from '../support/credential-directory.ts';
import { EchoObject } from '../support/pyro/echo-object.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

for (const version of [4, 5, 'detect'] as const) {
  test(`version ${version}: everything, in both versions of the frames`, async (t) => {
    const { echo, object } = await pair(t, {}, { version });
    assert.equal(object.isNative, true);
    assert.equal(await object.call('add', [1], { kwargs: { b: 2 } }), 3);
    assert.deepEqual(await object.call('echo', [{ a: [1, 'é', null] }]), { a: [1, 'é', null] });
    await object.set('count', 4);
    assert.equal(await object.get('count'), 4);
    await object.send('note');
    await until(() => echo.count === 5, 'the one-way call');
    const results = await object.batch([
      { method: 'echo', args: [1] },
      { method: 'fail', args: ['x'] },
      { method: 'echo', args: [2] },
    ]);
    assert.equal(results.length, 2);
    assert.ok(results[1] instanceof RemoteError);
    const items = [];
    for await (const item of object.iterate('genasync', [3])) items.push(item);
    assert.deepEqual(items, [0, 10, 20]);
    await assert.rejects(
      object.call('fail', ['bad']),
      (error) => error instanceof RemoteError && error.shortType === 'ValueError',
    );
    await assert.rejects(
      object.call('constructor'),
      (error) => error instanceof RemoteError && error.shortType === 'AttributeError',
    );
  });
}

test('calls are answered as they are ready, not as they were made', async (t) => {
  const { object } = await pair(t);
  const order: string[] = [];
  const slow = object.call('sleep', [0.2]).then(() => order.push('slow'));
  const fast = object.call('echo', [1]).then(() => order.push('fast'));
  await Promise.all([slow, fast]);
  assert.deepEqual(order, ['fast', 'slow']);
});

test('ten thousand calls wait at once, and each gets its own answer', async (t) => {
  const { object } = await pair(t, { maxCallsPerConnection: 100 });
  const calls = Array.from({ length: 10_000 }, (_, i) => object.call('later', [i]));
  assert.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 10_000 }, (_, i) => i),
  );
});

test('large values come as they were sent, whatever is sent behind them and however late they are taken', async (t) => {
  const { object } = await pair(t);
  const one = async (fill: number): Promise<void> => {
    const sent = Buffer.alloc((1 << 20) + fill, fill);
    const answer = object.call('echo', [{ fill, sent }]);
    sent.fill(0xff);
    const { sent: back } = (await answer) as { sent: Uint8Array };
    assert.equal(back.length, (1 << 20) + fill);
    assert.ok(
      back.every((byte) => byte === fill),
      `value ${fill}`,
    );
  };
  for (let round = 0; round < 3; round += 1)
    await Promise.all(Array.from({ length: 24 }, (_, fill) => one(fill)));
  for (let fill = 0; fill < 5; fill += 1) await one(fill);
});

test('a call that is given up, or too late, ends there too; the connection goes on', async (t) => {
  const { echo, object } = await pair(t);
  const giveUp = new AbortController();
  const given = object.call('sleep', [60], { signal: giveUp.signal });
  await until(() => echo.signals.length === 1, 'the call began');
  giveUp.abort();
  await assert.rejects(
    given,
    (error) => isLatchkeyError(error, 'pyro/cancelled') && error.details.sent === true,
  );
  await assert.rejects(
    object.call('sleep', [60], { timeoutMs: 50 }),
    (error) => isLatchkeyError(error, 'pyro/timed-out') && /within 50 ms/.test(error.message),
  );
  await until(() => echo.signals.every(({ aborted }) => aborted), 'both methods were told');
  await assert.rejects(
    object.call('echo', [1], { signal: AbortSignal.abort() }),
    (error) => isLatchkeyError(error, 'pyro/cancelled') && error.details.sent === false,
  );
  assert.equal(await object.call('echo', [1]), 1);
});

test('the server gives up a call that takes longer than it allows', async (t) => {
  const { echo, object } = await pair(t, { callTimeoutMs: 100 });
  await assert.rejects(
    object.call('sleep', [60]),
    (error) => error instanceof RemoteError && error.shortType === 'TimeoutError',
  );
  assert.equal(echo.signals[0]?.aborted, true);
});

test('a token that both know never crosses the wire', async (t) => {
  const token = new Secret('a token of this job alone');
  const { server, uri } = await served(t, { token });
  const said: Buffer[] = [];
  const dial = () =>
    new Promise<Duplex>((resolve) => {
      const socket = connect((server.address as { port: number }).port, '127.0.0.1', () => resolve(socket));
      const write = socket.write.bind(socket);
      socket.write = (chunk: Buffer) => {
        said.push(Buffer.from(chunk));
        return write(chunk);
      };
      socket.on('data', (chunk) => said.push(chunk));
    });
  const object = await connectObject(uri, { token, dial });
  t.after(() => object.close());
  assert.equal(await object.call('echo', [1]), 1);
  const all = Buffer.concat(said);
  assert.ok(all.length > 200);
  for (const form of ['utf8', 'hex', 'base64'] as const)
    assert.ok(!all.includes(token.reveal().toString(form)));
});

test('another token, none here or none there: refused, and the object is not even named', async (t) => {
  const token = new Secret('right');
  const { uri } = await served(t, { token });
  await assert.rejects(connectObject(uri, { token: new Secret('wrong') }), (error) =>
    isLatchkeyError(error, 'pyro/wrong-peer'),
  );
  const refusedHere = (error: unknown) =>
    isLatchkeyError(error, 'pyro/refused') && /admits only clients that know its token/.test(error.message);
  await assert.rejects(connectObject(uri), refusedHere);
  await assert.rejects(connectObject(uri.replace('echo@', 'not-there@')), refusedHere);
  const open = await served(t);
  await assert.rejects(connectObject(open.uri, { token }), (error) =>
    isLatchkeyError(error, 'pyro/wrong-peer'),
  );
});

test('what one client said to prove itself does not let another in', async (t) => {
  const token = new Secret('right');
  const { uri } = await served(t, { token });
  const { location } = parseObjectUri(uri);
  const { port } = location as { port: number };
  const said: Buffer[] = [];
  const dial = () =>
    new Promise<Duplex>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket));
      const write = socket.write.bind(socket);
      socket.write = (chunk: Buffer) => {
        said.push(Buffer.from(chunk));
        return write(chunk);
      };
    });
  const object = await connectObject(uri, { token, dial });
  await object.close();
  const answer = await new Promise<Buffer>((resolve) => {
    const heard: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.concat(said)));
    socket.on('data', (chunk) => heard.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(heard)));
  });
  assert.ok(answer.includes('admits only clients'));
});

test('authorize decides about clients of ours, too', async (t) => {
  const { uri } = await served(t, {
    authorize: (handshake) => {
      if (handshake !== 'password') throw new Error('who are you');
      return { hello: 'you' };
    },
  });
  const object = await connectObject(uri, { handshake: 'password' });
  t.after(() => object.close());
  assert.deepEqual(object.handshakeReply, { hello: 'you' });
  await assert.rejects(connectObject(uri), /who are you/);
});

test('a reference to another server does not carry the password of the one that gave it', async (t) => {
  const told: unknown[] = [];
  const other = await ObjectServer.listen({
    address: LOOPBACK,
    authorize: (handshake) => {
      told.push(handshake);
      return null;
    },
  });
  t.after(() => other.close());
  const elsewhere = other.publish(new Exposed({ methods: { ask: () => 'here' } }), 'other');
  const server = await ObjectServer.listen({ address: LOOPBACK, authorize: () => null });
  t.after(() => server.close());
  const lead = new Exposed({ methods: { lead: () => new PassedUri(parsePyroUri(elsewhere)) } });
  const object = await connectObject(server.publish(lead, 'it'), { handshake: 'password' });
  t.after(() => object.close());
  const value = await object.call('lead');
  for (const options of [{}, { handshake: 'for the other' }]) {
    const followed = await object.follow(value, options);
    assert.equal(await followed.call('ask'), 'here');
    await followed.close();
  }
  assert.deepEqual(told, ['hello', 'for the other']);
});

test('HMAC over all messages between ours', async (t) => {
  const hmacKey = new Secret('k');
  const { object } = await pair(t, { hmacKey }, { hmacKey });
  assert.equal(await object.call('echo', ['x']), 'x');
  const { uri } = await served(t, { hmacKey });
  await assert.rejects(connectObject(uri, { version: 5 }), (error) => isLatchkeyError(error));
  await assert.rejects(connectObject(uri, { hmacKey, version: 5 }), TypeError);
});

test('streams end with their connection, when they are left, and when there are too many', async (t) => {
  const { echo, object, uri } = await pair(t, { maxStreamsPerConnection: 2 });
  const first = object.iterate('gen', [10]);
  const second = object.iterate('gen', [10]);
  await first.next();
  await second.next();
  await assert.rejects(object.iterate('gen', [10]).next(), /2 streams open/);
  await first.return?.();
  await until(() => echo.ended === 1, 'the first was cleaned up');
  const other = await connectObject(uri);
  await other.iterate('genasync', [10]).next();
  await other.close();
  await until(() => echo.ended === 2, 'that of the closed connection was cleaned up');
  assert.equal((await second.next()).value, 10);
});

test('objects that a method returns are reached over the same connection, and go when nobody holds them', async (t) => {
  const { object, server } = await pair(t, { referenceLingerMs: 1 });
  const child = await object.follow(await object.call('child', ['kid']));
  assert.equal(await child.call('name'), 'kid');
  assert.equal(server.connections, 1);
  const value = await object.call('child', ['again']);
  await object.close();
  const later = await connectObject(object.uri);
  t.after(() => later.close());
  await delay(1500);
  await assert.rejects(
    later.follow(value),
    (error) => error instanceof RemoteError && error.shortType === 'DaemonError',
  );
});

test('an object of ours that is passed is called back', async (t) => {
  const publisher = await ObjectServer.listen({ address: LOOPBACK });
  t.after(() => publisher.close(0));
  const server = await ObjectServer.listen({ address: LOOPBACK });
  t.after(() => server.close(0));
  const uri = server.publish(
    new Exposed({
      methods: {
        callBack: async ([given]) => {
          const back = await (await connectObject(uri)).follow(given ?? null);
          try {
            return await back.call('double', [21]);
          } finally {
            await back.close();
          }
        },
      },
    }),
    'caller',
  );
  const object = await connectObject(uri, { publisher });
  t.after(() => object.close());
  const ours = new Exposed({ methods: { double: ([x]) => Number(x) * 2 } });
  assert.equal(await object.call('callBack', [ours]), 42);
});

test('instances are passed by copy where both sides have a converter', async (t) => {
  class Point {
    readonly x: number;
    readonly y: number;
    constructor(x: number, y: number) {
      this.x = x;
      this.y = y;
    }
  }
  const converter: Converter<Point> = {
    className: 'geometry.Point',
    matches: (value) => value instanceof Point,
    toDict: ({ x, y }) => ({ x, y }),
    fromDict: ({ x, y }) => new Point(Number(x), Number(y)),
  };
  const { object } = await pair(t, { converters: [converter] }, { converters: [converter] });
  assert.deepEqual(await object.call('echo', [[new Point(1, 2)]]), [new Point(1, 2)]);
  const plain = await pair(t);
  await assert.rejects(plain.object.call('echo', [new Point(1, 2)]), TypeError);
});

test('a typed proxy: methods, streams, attributes', async (t) => {
  class Thermal {
    time = 1;
    solve(step: number): { t: number } {
      this.time += step;
      return { t: this.time };
    }
    *steps(n: number): Generator<number> {
      for (let i = 0; i < n; i += 1) yield i;
    }
    hidden(): number {
      return 1;
    }
  }
  const server = await ObjectServer.listen({ address: LOOPBACK });
  t.after(() => server.close(0));
  const uri = server.publish(expose(new Thermal(), { methods: ['solve', 'steps'], attributes: ['time'] }));
  const object = await connectObject(uri);
  t.after(() => object.close());
  const thermal = remote<Thermal>(object);
  assert.deepEqual(await thermal.solve(2), { t: 3 });
  assert.equal(await thermal.time, 3);
  const steps: number[] = [];
  for await (const step of thermal.steps(3)) steps.push(step);
  assert.deepEqual(steps, [0, 1, 2]);
  await assert.rejects(thermal.hidden(), /unexposed attribute 'hidden'/);
  await assert.rejects(async () => await (thermal.steps(1) as unknown as Promise<unknown>), TypeError);
  await assert.rejects((thermal.solve(1) as unknown as AsyncIterator<unknown>).next(), TypeError);
  assert.equal('hidden' in thermal, false);
});

test('after a loss: clear errors; with reconnect, safe calls are made again and others are not', async (t) => {
  const first = await served(t);
  const { port } = first.server.address as { port: number };
  const plain = await connectObject(first.uri);
  const object = await connectObject(first.uri, {
    reconnect: { safe: ['sleep'], delayMs: 20, attempts: 100 },
  });
  t.after(() => object.close());
  const unsafe = object.call('later', [1]).then(() => object.call('sleep', [60], { safe: false }));
  const safe = object.call('sleep', [0.5]);
  const stream = object.iterate('gen', [10]);
  await stream.next();
  await until(() => first.echo.signals.length === 2, 'both calls began');
  const plainCall = plain.call('sleep', [60]);
  const lost = (sent: boolean) => (error: unknown) =>
    isLatchkeyError(error, 'pyro/lost') && error.details.sent === sent;
  await until(() => first.echo.signals.length === 3, 'the third began');
  const failures = [assert.rejects(unsafe, lost(true)), assert.rejects(plainCall, lost(true))];
  await first.server.close(0);
  await Promise.all(failures);
  await assert.rejects(plain.call('echo', [1]), lost(false));
  await plain.closed;
  await served(t, { address: { host: '127.0.0.1', port } });
  assert.equal(await safe, 0.5);
  assert.equal(await object.call('echo', ['again']), 'again');
  await assert.rejects(stream.next(), /stream terminated/);
  await object.close();
  await object.closed;
  await assert.rejects(object.call('echo', [1]), (error) => isLatchkeyError(error, 'pyro/closed'));
});

test('a server that is closed lets running calls finish, and takes no new ones', async (t) => {
  const { object, server, echo, uri } = await pair(t);
  const running = object.call('sleep', [0.3]);
  await until(() => echo.signals.length === 1, 'it runs');
  const closing = server.close(5000);
  await assert.rejects(connectObject(uri), (error) => isLatchkeyError(error));
  assert.equal(await running, 0.3);
  await closing;
  assert.equal(server.connections, 0);
});

test('a closed client fails its waiting calls at once', async (t) => {
  const { object } = await pair(t);
  const waiting = assert.rejects(object.call('sleep', [60]), (error) =>
    isLatchkeyError(error, 'pyro/closed'),
  );
  await object.close();
  await waiting;
});

async function served(
  t: TestContext,
  options: Partial<ObjectServerOptions> = {},
): Promise<{ echo: EchoObject; server: ObjectServer; uri: string }> {
  const server = await ObjectServer.listen({ address: LOOPBACK, ...options });
  t.after(() => server.close(0));
  const echo = new EchoObject();
  return { echo, server, uri: server.publish(echo.exposed, 'echo') };
}

async function pair(
  t: TestContext,
  serverOptions: Partial<ObjectServerOptions> = {},
  options: ConnectOptions = {},
): Promise<{ echo: EchoObject; server: ObjectServer; uri: string; object: RemoteObject }> {
  const side = await served(t, serverOptions);
  const object = await connectObject(side.uri, options);
  t.after(() => object.close());
  return { ...side, object };
}
