import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SftpCalls } from './calls.ts';
import { readPieces } from './pieces.ts';

const CHUNK = 10;

/** A file that answers reads in order, each a turn later; short answers where `most` says so. */
function fileOf(bytes: Buffer, most = CHUNK) {
  const asked: [offset: number, length: number][] = [];
  const calls = {
    readBytes: CHUNK,
    read: async (_: Buffer, offset: number, length: number) => {
      asked.push([offset, length]);
      await new Promise(setImmediate);
      const data = bytes.subarray(offset, offset + Math.min(length, most));
      return data.length === 0 ? undefined : { pieces: [data], length: data.length };
    },
  } as unknown as SftpCalls;
  return { calls, asked };
}

async function readAll(calls: SftpCalls, part: { start: number; end: number; size?: number }) {
  const pieces = new Map<number, Buffer>();
  const end = await readPieces(calls, Buffer.alloc(0), part, (offset, { pieces: got }) => {
    pieces.set(offset, Buffer.concat(got));
  });
  const inOrder = [...pieces].sort(([a], [b]) => a - b).map(([, data]) => data);
  return { end, bytes: Buffer.concat(inOrder) };
}

test('whatever is said of its size, a file is read to its end', async () => {
  const property = fc.asyncProperty(
    fc.uint8Array({ maxLength: 200, size: 'max' }),
    fc.option(fc.nat(250), { nil: undefined }),
    fc.integer({ min: 1, max: CHUNK }),
    fc.nat(60),
    async (content, size, most, start) => {
      const bytes = Buffer.from(content);
      const { calls } = fileOf(bytes, most);
      const part = { start, end: Number.MAX_SAFE_INTEGER, ...(size === undefined ? {} : { size }) };
      const read = await readAll(calls, part);
      assert.ok(read.bytes.equals(bytes.subarray(start)));
      if (start <= bytes.length) assert.equal(read.end, bytes.length);
    },
  );
  await fc.assert(property, { numRuns: 500 });
});

test('a file of a known size is asked for what it holds, and once for its end', async () => {
  for (const [length, requests] of [
    [0, 1],
    [3, 2],
    [CHUNK, 2],
    [CHUNK + 1, 3],
    [5 * CHUNK, 6],
  ] as const) {
    const { calls, asked } = fileOf(Buffer.alloc(length, 1));
    const { end } = await readAll(calls, { start: 0, end: Number.MAX_SAFE_INTEGER, size: length });
    assert.deepEqual([end, asked.length], [length, requests], `${length} bytes: ${asked.join(' ')}`);
  }
});
