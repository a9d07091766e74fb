import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeReply, encodeRequest, MuxReplyReader } from './codec.ts';

const id = fc.nat(0xffffffff);
const reply = fc.oneof(
  fc.record({ type: fc.constant('hello' as const), version: id }),
  fc.record({ type: fc.constant('ok' as const), id }),
  fc.record({ type: fc.constantFrom('denied' as const, 'failure' as const), id, reason: fc.string() }),
  fc.record({ type: fc.constant('alive' as const), id, pid: id }),
  fc.record({ type: fc.constant('remote-port' as const), id, port: id }),
);

test('replies come out as they went in, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 5 }), fc.array(fc.nat(40)), (replies, cuts) => {
      const bytes = Buffer.concat(replies.map(encodeReply));
      const reader = new MuxReplyReader();
      const read = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        read.push(...reader.read(bytes.subarray(at, at + cut)));
        at = Math.min(bytes.length, at + cut);
      }
      assert.deepEqual(
        read.map((one) => ({ ...one })),
        replies.map((one) => ({ ...one })),
      );
      assert.equal(reader.rest.length, 0);
    }),
  );
});

test('no bytes make the reader do anything but read or throw a RangeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        new MuxReplyReader().read(bytes);
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    }),
  );
});

test('what follows a proxy reply is left to the connection', () => {
  const reader = new MuxReplyReader();
  const bytes = Buffer.concat([encodeReply({ type: 'proxy', id: 3 }), Buffer.from('SSH messages')]);
  assert.deepEqual(reader.read(bytes), [{ type: 'proxy', id: 3 }]);
  assert.equal(reader.rest.toString(), 'SSH messages');
});

/** Recorded: a socket that answers like a master, and `ssh -F none -S SOCKET -O …` of OpenSSH 9.2p1 (its request id is 0). */
const RECORDED: readonly [string, Parameters<typeof encodeRequest>[0], string][] = [
  ['any', { type: 'hello' }, '000000080000000100000004'],
  ['-O check', { type: 'alive', id: 0 }, '000000081000000400000000'],
  ['-O exit', { type: 'terminate', id: 0 }, '000000081000000500000000'],
  ['-O proxy', { type: 'proxy', id: 0 }, '000000081000000f00000000'],
  [
    '-O forward -L 127.0.0.1:4022:/tmp/s',
    {
      type: 'open-forward',
      id: 0,
      forward: {
        kind: 'local',
        listen: { host: '127.0.0.1', port: 4022 },
        connect: { socketPath: '/tmp/s' },
      },
    },
    '0000002b100000060000000000000001000000093132372e302e302e3100000fb6000000062f746d702f73fffffffe',
  ],
  [
    '-O cancel -L 127.0.0.1:4022:/tmp/s',
    {
      type: 'close-forward',
      id: 0,
      forward: {
        kind: 'local',
        listen: { host: '127.0.0.1', port: 4022 },
        connect: { socketPath: '/tmp/s' },
      },
    },
    '0000002b100000070000000000000001000000093132372e302e302e3100000fb6000000062f746d702f73fffffffe',
  ],
  [
    '-O forward -R 127.0.0.1:0:localhost:22',
    {
      type: 'open-forward',
      id: 0,
      forward: {
        kind: 'remote',
        listen: { host: '127.0.0.1', port: 0 },
        connect: { host: 'localhost', port: 22 },
      },
    },
    '0000002e100000060000000000000002000000093132372e302e302e3100000000000000096c6f63616c686f737400000016',
  ],
  [
    '-O forward -R /tmp/r:/tmp/l',
    {
      type: 'open-forward',
      id: 0,
      forward: { kind: 'remote', listen: { socketPath: '/tmp/r' }, connect: { socketPath: '/tmp/l' } },
    },
    '00000028100000060000000000000002000000062f746d702f72fffffffe000000062f746d702f6cfffffffe',
  ],
  [
    '-O forward -D 127.0.0.1:1080',
    {
      type: 'open-forward',
      id: 0,
      forward: { kind: 'dynamic', listen: { host: '127.0.0.1', port: 1080 } },
    },
    '0000002a100000060000000000000003000000093132372e302e302e310000043800000005736f636b7300000000',
  ],
];

for (const [words, request, bytes] of RECORDED) {
  test(`a request is byte for byte what ssh sends for ${words}`, () => {
    assert.equal(encodeRequest(request).toString('hex'), bytes);
  });
}
