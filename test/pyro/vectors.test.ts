import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import {
  type Call,
  encodeFrame,
  type Frame,
  FrameReader,
  isExceptionValue,
  type PyroValue,
  remoteErrorOf,
  serializerOf,
  wrappedException,
} from '../../src/pyro/index.ts';
import { repositoryRoot } from '../support/workspace.ts';

interface Recorded {
  readonly step: string;
  readonly from: 'client' | 'server';
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly serializer: number;
  readonly payloadBytes: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly correlation?: string;
  readonly hex: string;
}

const KEY = new Secret('s3cret');
const TYPES = ['', 'connect', 'connect-ok', 'connect-fail', 'invoke', 'result', 'ping'];

function recorded(version: 4 | 5): readonly Recorded[] {
  const text = readFileSync(join(repositoryRoot, `test/vectors/pyro/pyro${version}.jsonl`), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded);
}

function frameOf(message: Recorded): Frame {
  const reader = new FrameReader(message.step.startsWith('serpent+hmac') ? { hmacKey: KEY } : {});
  reader.push(Buffer.from(message.hex, 'hex'));
  const frame = reader.next();
  assert.ok(frame !== undefined);
  assert.equal(reader.isInsideFrame, false);
  return frame;
}

function contents(frame: Frame): PyroValue | Call {
  const serializer = serializerOf(frame.version, frame.serializerId);
  return frame.type === 'invoke' ? serializer.decodeCall(frame.payload) : serializer.decode(frame.payload);
}

for (const version of [4, 5] as const) {
  test(`Pyro${version}: every recorded frame is read as its header says, and written again byte for byte`, () => {
    for (const message of recorded(version)) {
      const frame = frameOf(message);
      const where = `${message.step} ${message.from}`;
      assert.equal(frame.version, version, where);
      assert.equal(frame.type, TYPES[message.type], where);
      assert.equal(frame.sequence, message.sequence, where);
      assert.equal(frame.serializerId, message.serializer, where);
      assert.equal(frame.payload.length, message.payloadBytes, where);
      const { CORR, HMAC, ...others } = message.annotations;
      const correlation = message.correlation ?? CORR;
      assert.equal(frame.correlation && Buffer.from(frame.correlation).toString('hex'), correlation, where);
      assert.deepEqual(
        Object.fromEntries([...frame.annotations].map(([k, v]) => [k, Buffer.from(v).toString('hex')])),
        others,
        where,
      );
      const again = encodeFrame(frame, HMAC === undefined ? {} : { hmacKey: KEY });
      assert.equal(again.toString('hex'), message.hex, where);
    }
  });

  test(`Pyro${version}: what the conversations say, in every serializer`, () => {
    const steps = new Map<string, (PyroValue | Call)[]>();
    for (const message of recorded(version)) {
      const list = steps.get(message.step) ?? [];
      steps.set(message.step, list);
      list.push(contents(frameOf(message)));
    }
    const names = new Set([...steps.keys()].map((step) => step.split('/')[0] ?? ''));
    assert.deepEqual(
      [...names].filter((name) => !name.includes('+')),
      ['serpent', 'json', 'marshal', 'msgpack'],
    );
    for (const name of names) {
      const [asked, answered] = steps.get(`${name}/call echo("hé")`) ?? [];
      assert.deepEqual(asked, { object: 'echo', method: 'echo', args: ['hé'], kwargs: {} });
      assert.equal(answered, 'hé');
      const [hello, welcome] = steps.get(`${name}/connect`) ?? [];
      assert.deepEqual(hello, { handshake: 'hello', object: 'echo' });
      assert.deepEqual(sortedMeta(welcome as PyroValue), {
        methods: ['add', 'blob', 'echo', 'fail', 'failcustom', 'gen', 'note', 'zero'],
        oneway: ['note'],
        attrs: ['count'],
      });
      if (name.includes('+')) continue;

      const types = steps.get(`${name}/types`)?.[1];
      assert.deepEqual(types, [
        null,
        true,
        -1,
        1099511627776,
        1180591620717411303424n,
        1.5,
        { a: [1, 2] },
        'x',
      ]);
      assert.deepEqual(steps.get(`${name}/call add(2,b=3)`), [
        { object: 'echo', method: 'add', args: [2], kwargs: { b: 3 } },
        5,
      ]);
      if (name !== 'json')
        assert.deepEqual(steps.get(`${name}/bytes result`)?.[1], new Uint8Array([0, 1, 255]));
      const failed = remoteErrorOf(steps.get(`${name}/exception ValueError`)?.at(-1) as PyroValue);
      assert.equal(failed.message, 'ValueError: bad');
      assert.match(failed.traceback.join(''), /^Traceback \(most recent call last\):/);
      const custom = steps.get(`${name}/exception custom`)?.at(-1) as PyroValue;
      assert.ok(isExceptionValue(custom));
      assert.equal(remoteErrorOf(custom).remoteType, '__main__.MyErr');
      assert.match(String(steps.get(`${name}/connect unknown object`)?.[1]), /unknown object/);
      if (name === 'marshal') continue;
      const batch = steps.get(`${name}/batch echo(1),fail,echo(2)`)?.[1] as readonly PyroValue[];
      assert.equal(batch.length, 2);
      assert.equal(batch[0], 1);
      assert.equal(
        remoteErrorOf(wrappedException(batch[1] ?? null) ?? null).remoteType,
        'builtins.ValueError',
      );
    }
  });
}

/** Sets and lists of names, in one order. */
function sortedMeta(welcome: PyroValue): unknown {
  const { meta } = welcome as unknown as { meta: Record<string, Iterable<string>> };
  return Object.fromEntries(Object.entries(meta).map(([key, names]) => [key, [...names].sort()]));
}
