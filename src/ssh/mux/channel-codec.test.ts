import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChannelMessageReader, encodeClose, encodeOpen } from './channel-codec.ts';

/** SSH_MSG_CHANNEL_OPEN_FAILURE as RFC 4254 §5.1 has it, behind length and padding. */
const REFUSAL = [
  '00000024005c',
  '00000001',
  '00000002',
  `00000012${Buffer.from('Connection refused').toString('hex')}`,
  '00000000',
].join('');

test('no bytes make the reader do anything but read or throw a RangeError', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
      const reader = new ChannelMessageReader();
      try {
        for (const chunk of chunks) reader.read(chunk);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
  );
});

test('a refusal is read, however it is cut', () => {
  const bytes = Buffer.from(REFUSAL, 'hex');
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const reader = new ChannelMessageReader();
    const messages = [...reader.read(bytes.subarray(0, cut)), ...reader.read(bytes.subarray(cut))];
    assert.deepEqual(messages, [{ type: 'failed', channel: 1, code: 2, reason: 'Connection refused' }]);
  }
});

test('requests are SSH messages behind a length and a byte of padding', () => {
  assert.equal(
    encodeOpen(7, { host: 'a', port: 80 }).toString('hex'),
    [
      '00000038005a',
      `0000000c${Buffer.from('direct-tcpip').toString('hex')}`,
      '000000070000800000008000',
      `0000000161${'00000050'}`,
      `00000009${Buffer.from('127.0.0.1').toString('hex')}00000000`,
    ].join(''),
  );
  assert.equal(encodeClose(3).toString('hex'), '00000006006100000003');
});
