// Recorded conversations of real Pyro4 and Pyro5: their clients' bytes to our server, and their daemons' bytes to our client.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import {
  connectObject,
  Exposed,
  type Frame,
  FrameReader,
  ObjectServer,
  type PyroValue,
  type PyroVersion,
  RemoteError,
  remoteErrorOf,
  type SerializerName,
  serializerOf,
  serializers,
} from '../../src/pyro/index.ts';
import { repositoryRoot } from '../support/workspace.ts';

interface Recorded {
  readonly step: string;
  readonly from: 'client' | 'server';
  readonly hex: string;
}

const CONVERSATIONS = ([4, 5] as const).flatMap((version) => {
  const file = join(repositoryRoot, `test/vectors/pyro/pyro${version}.jsonl`);
  const all = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded);
  const parts = [...new Set(all.map(({ step }) => step.split('/')[0] ?? ''))];
  return parts
    .filter((part) => Object.hasOwn(serializers, part.split('+')[0] ?? ''))
    .map((part) => ({
      version,
      part,
      key: part.endsWith('+hmac') ? new Secret('s3cret') : undefined,
      messages: all.filter(({ step }) => step.startsWith(`${part}/`)),
    }));
});

for (const { version, part, key, messages } of CONVERSATIONS) {
  test(`Pyro${version}, ${part}: our server answers a recorded client as its own daemon did`, async (t) => {
    const server = await ObjectServer.listen({
      address: { host: '127.0.0.1', port: 0 },
      ...(key === undefined ? {} : { hmacKey: key }),
    });
    t.after(() => server.close(0));
    server.publish(recordedEcho(), 'echo');
    const streams = new Map<string, string>();
    let client: RawClient | undefined;
    let compared = 0;
    for (const [index, { step, from, hex }] of messages.entries()) {
      const bytes = Buffer.from(hex, 'hex');
      if (from === 'client') {
        if (typeOf(bytes, version) === 1) client = await rawClient(t, server, key);
        client?.send(withStreams(bytes, streams));
        continue;
      }
      const expected = frameOf(bytes, key);
      const answer = await client?.next();
      assert.ok(answer !== undefined, step);
      assert.equal(answer.type, expected.type, step);
      assert.equal(answer.sequence, expected.sequence, step);
      assert.deepEqual({ ...answer.flags }, { ...expected.flags }, step);
      if (expected.flags.stream === true) streams.set(streamOf(expected), streamOf(answer));
      else if (!step.endsWith('exception custom'))
        assert.deepEqual(gist(answer, step), gist(expected, step), `${step}, message ${index}`);
      compared += 1;
    }
    assert.ok(compared >= 2);
  });

  test(`Pyro${version}, ${part}: our client understands a recorded daemon`, async (t) => {
    const port = await recordedDaemon(t, version, messages, key);
    const serializer = part.split('+')[0] as SerializerName;
    const object = await connectObject(`PYRO:echo@127.0.0.1:${port}`, {
      serializer,
      version: key === undefined ? 'detect' : 4,
      ...(key === undefined ? {} : { hmacKey: key }),
    });
    t.after(() => object.close());
    assert.deepEqual([...object.methods].sort(), METHODS);
    assert.deepEqual(object.oneway, ['note']);
    assert.deepEqual(object.attributes, ['count']);
    assert.equal(await object.call('echo', ['hé']), 'hé');
    if (part.includes('+')) return;
    assert.equal(await object.call('add', [2], { kwargs: { b: 3 } }), 5);
    await assert.rejects(object.call('fail', ['bad']), (error) => {
      assert.ok(error instanceof RemoteError);
      assert.equal(error.remoteType, 'builtins.ValueError');
      assert.deepEqual(error.args, ['bad']);
      assert.match(error.traceback.join(''), /Traceback/);
      return true;
    });
    await assert.rejects(
      object.call('failcustom', ['cc']),
      (error) => error instanceof RemoteError && error.remoteType === '__main__.MyErr',
    );
    await assert.rejects(
      object.call('nosuch'),
      (error) => error instanceof RemoteError && error.shortType === 'AttributeError',
    );
    await object.send('note', [1]);
    const items: PyroValue[] = [];
    for await (const item of object.iterate('gen', [2])) items.push(item);
    assert.deepEqual(items, [0, 10]);
    for await (const item of object.iterate('gen', [5])) {
      assert.equal(item, 0);
      break;
    }
    if (serializer === 'marshal') return;
    assert.equal(await object.get('count'), 1);
    await object.set('count', 7);
    const [one, failed] = await object.batch([
      { method: 'echo', args: [1] },
      { method: 'fail', args: ['q'] },
      { method: 'echo', args: [2] },
    ]);
    assert.equal(one, 1);
    assert.ok(failed instanceof RemoteError && failed.shortType === 'ValueError');
  });
}

const METHODS = ['add', 'blob', 'echo', 'fail', 'failcustom', 'gen', 'note', 'zero'];

/** The object that was recorded. */
function recordedEcho(): Exposed {
  let count = 0;
  return new Exposed({
    methods: {
      echo: ([value]) => value,
      add: ([a, b], kwargs) => Number(a) + Number(b ?? kwargs.b ?? 0),
      fail: ([message]) => {
        throw new RangeError(String(message));
      },
      failcustom: ([message]) => {
        throw new Error(String(message));
      },
      zero: () => null,
      gen: function* ([n]) {
        for (let i = 0; i < Number(n); i += 1) yield i * 10;
      },
      note: () => {
        count += 1;
      },
      blob: () => Buffer.from([0, 1, 0xff]),
    },
    oneway: ['note'],
    attributes: {
      count: {
        get: () => count,
        set: (value) => {
          count = Number(value);
        },
      },
    },
  });
}

/** What an answer says, without what may differ: orders of names, tracebacks, the words for what is not there. */
function gist(frame: Frame, step: string): unknown {
  if (frame.type === 'ping') return 'pong';
  const value = serializerOf(frame.version, frame.serializerId).decode(frame.payload);
  if (frame.flags.exception === true) {
    const { remoteType, args } = remoteErrorOf(value);
    return /unknown method|bytes/.test(step) ? remoteType : [remoteType, args];
  }
  const namesOnly = frame.type === 'connect-ok' || step.endsWith('metadata call');
  return plain(value, namesOnly);
}

function plain(value: PyroValue, isSorted: boolean): unknown {
  if (value instanceof Set || Array.isArray(value)) {
    const items = [...(value as Iterable<PyroValue>)].map((item) => plain(item, isSorted));
    return isSorted ? items.sort() : items;
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value !== 'object' || value === null || value instanceof Map) return value;
  const { __class__, _pyroTraceback, ...fields } = value as Record<string, PyroValue>;
  const entries = Object.entries(fields).map(([key, item]) => [key, plain(item, isSorted)]);
  return { ...Object.fromEntries(entries), ...(__class__ === undefined ? {} : { __class__ }) };
}

interface RawClient {
  send(bytes: Buffer): void;
  next(): Promise<Frame>;
}

async function rawClient(t: TestContext, server: ObjectServer, key: Secret | undefined): Promise<RawClient> {
  const { port } = server.address as { port: number };
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  const reader = new FrameReader(key === undefined ? {} : { hmacKey: key });
  const frames: Frame[] = [];
  const waiting: ((frame: Frame) => void)[] = [];
  socket.on('data', (chunk) => {
    reader.push(chunk);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      const wanted = waiting.shift();
      if (wanted === undefined) frames.push(frame);
      else wanted(frame);
    }
  });
  return {
    send: (bytes) => void socket.write(bytes),
    next: () =>
      new Promise((resolve) => {
        const frame = frames.shift();
        if (frame === undefined) waiting.push(resolve);
        else resolve(frame);
      }),
  };
}

/** A daemon that answers each call with what was answered to the same call when it was recorded. */
async function recordedDaemon(
  t: TestContext,
  version: PyroVersion,
  messages: readonly Recorded[],
  key: Secret | undefined,
): Promise<number> {
  const server = createServer((socket) => {
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    replay(socket, version, messages, key);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

function replay(
  socket: Socket,
  version: PyroVersion,
  messages: readonly Recorded[],
  key: Secret | undefined,
): void {
  const answers = new Map<string, Buffer[]>();
  for (const [index, { from, hex }] of messages.entries()) {
    const answer = messages[index + 1];
    if (from !== 'client' || answer?.from !== 'server') continue;
    const asked = question(frameOf(Buffer.from(hex, 'hex'), key));
    answers.set(asked, [...(answers.get(asked) ?? []), Buffer.from(answer.hex, 'hex')]);
  }
  // As a daemon of that version does, which never reads what another one says.
  socket.once('data', (first) => {
    if (first.readUInt16BE(4) !== (version === 4 ? 48 : 502)) return void socket.destroy();
    const reader = new FrameReader({ version, ...(key === undefined ? {} : { hmacKey: key }) });
    const hear = (chunk: Buffer): void => {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        const known = answers.get(question(frame));
        const bytes = known !== undefined && known.length > 1 ? known.shift() : known?.[0];
        if (bytes === undefined || frame.flags.oneway === true) continue;
        socket.write(withSequence(bytes, version, frame.sequence));
      }
    };
    hear(first);
    socket.on('data', hear);
  });
}

/** What is asked, whatever the bytes are. */
function question(frame: Frame): string {
  const value = serializerOf(frame.version, frame.serializerId).decode(frame.payload);
  return `${frame.type} ${JSON.stringify(plain(value, false), (_, item) => (typeof item === 'bigint' ? String(item) : item))}`;
}

function withSequence(bytes: Buffer, version: PyroVersion, sequence: number): Buffer {
  const changed = Buffer.from(bytes);
  const difference = sequence - changed.readUInt16BE(10);
  changed.writeUInt16BE(sequence, 10);
  if (version === 4) changed.writeUInt16BE((changed.readUInt16BE(22) + difference) & 0xffff, 22);
  return changed;
}

/** The names of streams are as long as those that were recorded. */
function withStreams(bytes: Buffer, streams: ReadonlyMap<string, string>): Buffer {
  let text = bytes.toString('latin1');
  for (const [recorded, ours] of streams) text = text.replaceAll(recorded, ours);
  return Buffer.from(text, 'latin1');
}

function streamOf(frame: Frame): string {
  return Buffer.from(frame.annotations.get('STRM') ?? []).toString('latin1');
}

function typeOf(bytes: Buffer, version: PyroVersion): number {
  return version === 4 ? bytes.readUInt16BE(6) : (bytes[6] ?? 0);
}

function frameOf(bytes: Buffer, key: Secret | undefined): Frame {
  const reader = new FrameReader(key === undefined ? {} : { hmacKey: key });
  reader.push(bytes);
  const frame = reader.next();
  assert.ok(frame !== undefined);
  return frame;
}
