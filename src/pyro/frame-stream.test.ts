import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Frame } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameStream } from './frame-stream.ts';
import { serializers } from './serializers.ts';

test('a stream that passes on what it was given, later, passes on what was sent', async () => {
  const through = new PassThrough({ writableHighWaterMark: 1 << 24, readableHighWaterMark: 1 << 24 });
  const stream = new FrameStream(through, { maxBytes: 1 << 24 }, { onFrame: () => {}, onEnd: () => {} });
  stream.pause();
  for (let sequence = 1; sequence <= 4; sequence += 1) {
    const frame: Frame = {
      version: 4,
      type: 'invoke',
      flags: {},
      sequence,
      serializerId: 6,
      annotations: new Map(),
      payload: serializers.msgpack.encode(Buffer.alloc(1 << 19, sequence)),
    };
    stream.send(frame);
    await turn();
  }
  const reader = new FrameReader();
  for (let chunk = through.read(); chunk !== null; chunk = through.read()) reader.push(chunk as Buffer);
  const seen: number[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    const value = serializers.msgpack.decode(frame.payload) as Uint8Array;
    assert.ok(value.every((byte) => byte === frame.sequence));
    seen.push(frame.sequence);
  }
  assert.deepEqual(seen, [1, 2, 3, 4]);
});
