import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError, LatchkeyError, Secret } from '../kit/index.ts';
import { encodeFrame, type Frame, framePieces } from './frame.ts';
import { FrameReader, type FrameReaderOptions } from './frame-reader.ts';

const FRAME: Frame = {
  version: 4,
  type: 'invoke',
  flags: { oneway: true },
  sequence: 7,
  serializerId: 1,
  annotations: new Map(),
  payload: Buffer.from('hello'),
};

function readAll(reader: FrameReader, ...chunks: Uint8Array[]): Frame[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  }
  return frames;
}

function plain(frame: Frame): unknown {
  return {
    ...frame,
    payload: Buffer.from(frame.payload).toString('hex'),
    correlation: frame.correlation && Buffer.from(frame.correlation).toString('hex'),
    annotations: [...frame.annotations].map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')]),
  };
}

function refused(code: string, message: RegExp, options: FrameReaderOptions, ...chunks: Uint8Array[]): void {
  assert.throws(
    () => readAll(new FrameReader(options), ...chunks),
    (error) => isLatchkeyError(error) && error.code === code && message.test(error.message),
  );
}

const frames = fc
  .record({
    version: fc.constantFrom(4 as const, 5 as const),
    type: fc.constantFrom('connect', 'connect-ok', 'connect-fail', 'invoke', 'result', 'ping'),
    flags: fc.record(
      {
        exception: fc.constant(true),
        oneway: fc.constant(true),
        batch: fc.constant(true),
        stream: fc.constant(true),
        keepSerialized: fc.constant(true),
      },
      { requiredKeys: [] },
    ),
    sequence: fc.nat(65535),
    serializerId: fc.nat(255),
    annotations: fc
      .uniqueArray(fc.tuple(fc.constantFrom('STRM', 'ABCD', 'x-y_'), fc.uint8Array({ maxLength: 40 })), {
        selector: ([name]) => name,
      })
      .map((entries) => new Map(entries)),
    payload: fc.uint8Array({ maxLength: 600 }),
    correlation: fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }), { nil: undefined }),
  })
  .map(({ correlation, flags, ...frame }): Frame => {
    const plainFlags = { ...flags };
    return correlation === undefined
      ? { ...frame, flags: plainFlags }
      : { ...frame, flags: plainFlags, correlation };
  });

test('what is encoded is read again, whatever the pieces, compressed or not, with HMAC or without', () => {
  fc.assert(
    fc.property(
      fc.array(frames, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      fc.array(fc.nat(200), { maxLength: 30 }),
      (some, compress, key, cuts) => {
        const version = some[0]?.version ?? 4;
        const hmacKey = version === 4 && key !== undefined ? new Secret(key) : undefined;
        const same = some.map((frame): Frame => ({ ...frame, version }));
        const options = hmacKey === undefined ? { compress } : { compress, hmacKey };
        const bytes = Buffer.concat(same.map((frame) => encodeFrame(frame, options)));
        const reader = new FrameReader(hmacKey === undefined ? {} : { hmacKey });
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        chunks.push(bytes.subarray(at));
        assert.deepEqual(readAll(reader, ...chunks).map(plain), same.map(plain));
        assert.equal(reader.isInsideFrame, false);
        assert.equal(reader.version, version);
      },
    ),
  );
});

test('frames in one piece are views of that piece', () => {
  const bytes = encodeFrame(FRAME);
  const [frame] = readAll(new FrameReader(), bytes);
  assert.equal(frame?.payload.buffer, bytes.buffer);
});

test('a large frame that comes in small pieces is copied a few times at most', () => {
  const bytes = encodeFrame({ ...FRAME, payload: Buffer.alloc(4_000_000, 1) });
  const copy = Buffer.prototype.copy;
  let copied = 0;
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<typeof copy>) {
    const count = copy.apply(this, args);
    copied += count;
    return count;
  };
  try {
    const reader = new FrameReader();
    for (let at = 0; at < bytes.length; at += 100) reader.push(bytes.subarray(at, at + 100));
    assert.equal(reader.next()?.payload.length, 4_000_000);
  } finally {
    Buffer.prototype.copy = copy;
  }
  assert.ok(copied < 3 * bytes.length, String(copied));
});

test('what comes with the end of a large frame is given out as a view, and nothing is lost however it is pushed', () => {
  const large = encodeFrame({ ...FRAME, payload: Buffer.alloc(200_000, 1) });
  const small = [1, 2, 3].map((sequence) => encodeFrame({ ...FRAME, sequence }));
  const all = Buffer.concat([large, ...small]);
  const reader = new FrameReader();
  const chunks = [all.subarray(0, 65_536), Buffer.from(all.subarray(65_536))];
  const frames = readAll(reader, ...chunks);
  assert.deepEqual(
    frames.map(({ sequence }) => sequence),
    [7, 1, 2, 3],
  );
  assert.equal(frames[3]?.payload.buffer, chunks[1]?.buffer);
  assert.equal(reader.isInsideFrame, false);

  const later = new FrameReader();
  later.push(all.subarray(0, 100_000));
  assert.equal(later.next(), undefined);
  later.push(all.subarray(100_000, large.length + 10));
  later.push(all.subarray(large.length + 10, large.length + 20));
  assert.equal(later.next()?.payload.length, 200_000);
  assert.equal(later.isInsideFrame, true);
  const rest = readAll(later, all.subarray(large.length + 20));
  assert.deepEqual(rest.map(plain), frames.slice(1).map(plain));
});

test('an announcement alone takes no memory', () => {
  const bytes = encodeFrame({ ...FRAME, payload: Buffer.alloc(1 << 20) });
  bytes.writeInt32BE(60 << 20, 12);
  bytes.writeUInt16BE((bytes.readUInt16BE(22) + ((60 << 20) - (1 << 20))) & 0xffff, 22);
  const reader = new FrameReader();
  reader.push(bytes.subarray(0, 1000));
  assert.equal(reader.next(), undefined);
  const before = process.memoryUsage().arrayBuffers;
  reader.push(bytes.subarray(1000, 2000));
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 16);
});

test('a large payload is sent as it is, behind the rest of its frame', () => {
  for (const version of [4, 5] as const) {
    const frame: Frame = { ...FRAME, version, payload: Buffer.alloc(1 << 16, 7) };
    const [head, payload] = framePieces(frame, {});
    assert.equal(payload, frame.payload);
    assert.deepEqual(Buffer.concat([head, frame.payload]), encodeFrame(frame));
    assert.deepEqual(framePieces({ ...frame, payload: FRAME.payload }, {}).length, 1);
  }
});

test('frames before a bad one are given out; after it nothing is read', () => {
  const reader = new FrameReader();
  const bad = encodeFrame(FRAME);
  bad[23] = (bad[23] ?? 0) ^ 1;
  reader.push(Buffer.concat([encodeFrame(FRAME), bad, encodeFrame(FRAME)]));
  assert.equal(reader.next()?.sequence, 7);
  let first: unknown;
  try {
    reader.next();
  } catch (error) {
    first = error;
  }
  assert.ok(first instanceof LatchkeyError && /checksum/.test(first.message), String(first));
  reader.push(encodeFrame(FRAME));
  assert.throws(
    () => reader.next(),
    (error) => error === first,
  );
});

test('what is no frame is refused at its first bytes', () => {
  refused('pyro/malformed', /begins with PYRO, not "GE/, {}, Buffer.from('GE'), Buffer.from('T / HTTP/1.1'));
  refused('pyro/malformed', /begins with PYRO/, {}, Buffer.from('P'), Buffer.from('Z'));
  refused('pyro/malformed', /version 46 /, {}, Buffer.from('PYRO\0\x2e'));
  const five = encodeFrame({ ...FRAME, version: 5 });
  refused('pyro/malformed', /spoke Pyro4 and now speaks Pyro5/, {}, encodeFrame(FRAME), five);
  refused('pyro/malformed', /spoke Pyro4/, { version: 4 }, five);
  five[39] = 0;
  refused('pyro/malformed', /magic/, {}, five);
  const strange = encodeFrame({ ...FRAME, version: 5 });
  strange[6] = 9;
  refused('pyro/malformed', /message type 9/, {}, strange);
});

test('sizes are refused before their bytes are waited for', () => {
  const header = encodeFrame({ ...FRAME, version: 5 }).subarray(0, 40);
  header.writeUInt32BE(0xffffffff, 12);
  refused('pyro/too-large', /4294967295 bytes, at most 67108864/, {}, header);
  refused('pyro/too-large', /5 bytes, at most 4/, { maxBytes: 4 }, encodeFrame(FRAME));
  assert.throws(() => encodeFrame(FRAME, { maxBytes: 4 }), { code: 'pyro/too-large' });
  const bomb = encodeFrame({ ...FRAME, payload: Buffer.alloc(1_000_000) }, { compress: true });
  assert.ok(bomb.length < 2000);
  refused('pyro/too-large', /more than 999999 bytes when inflated/, { maxBytes: 999_999 }, bomb);
  const torn = encodeFrame({ ...FRAME, payload: Buffer.alloc(1000) }, { compress: true });
  torn.fill(0xff, 30);
  refused('pyro/malformed', /cannot be inflated/, {}, torn);
});

test('annotations that do not fit are refused', () => {
  const bytes = encodeFrame({ ...FRAME, annotations: new Map([['ABCD', Buffer.from('xyz')]]) });
  bytes.writeUInt16BE(4, 28);
  refused('pyro/malformed', /"ABCD" is longer/, {}, bytes);
  const twice = encodeFrame({
    ...FRAME,
    annotations: new Map([
      ['ABCD', Buffer.alloc(0)],
      ['EFGH', Buffer.alloc(0)],
    ]),
  });
  twice.write('ABCD', 30, 'latin1');
  refused('pyro/malformed', /"ABCD" is there twice/, {}, twice);
  const annotations = new Map([['ABCD', Buffer.alloc(65530)]]);
  assert.throws(() => encodeFrame({ ...FRAME, annotations }), { code: 'pyro/too-large' });
  assert.throws(
    () => encodeFrame({ ...FRAME, annotations: new Map([['ABCDE', Buffer.alloc(1)]]) }),
    TypeError,
  );
});

test('an HMAC key is on both sides and the same, or nothing is read', () => {
  const key = new Secret('k');
  const keyed = encodeFrame(
    { ...FRAME, annotations: new Map([['ABCD', Buffer.from('v')]]) },
    { hmacKey: key },
  );
  assert.equal(readAll(new FrameReader({ hmacKey: key }), keyed).length, 1);
  refused('pyro/hmac', /another key/, { hmacKey: new Secret('other') }, keyed);
  refused('pyro/hmac', /none is set here/, {}, keyed);
  refused('pyro/hmac', /sends no HMAC/, { hmacKey: key }, encodeFrame(FRAME));
  refused('pyro/hmac', /Pyro5, which has no HMAC/, { hmacKey: key }, encodeFrame({ ...FRAME, version: 5 }));
  const changed = Buffer.from(keyed);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  refused('pyro/hmac', /another key/, { hmacKey: key }, changed);
  assert.throws(() => encodeFrame({ ...FRAME, version: 5 }, { hmacKey: key }), TypeError);
});

test('no bytes make the reader crash, or give out more than they are', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.tuple(fc.nat(100), fc.nat(255)), { maxLength: 4 }), (frame, changes) => {
      const bytes = encodeFrame(frame);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      try {
        for (const got of readAll(new FrameReader({ maxBytes: 10_000 }), bytes))
          assert.ok(got.payload.length <= 10_000);
      } catch (error) {
        assert.ok(isLatchkeyError(error), String(error));
      }
    }),
  );
});
