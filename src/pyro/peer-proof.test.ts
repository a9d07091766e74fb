import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../kit/index.ts';
import { decodePeerMessage, encodePeerMessage, isProof, type PeerMessage, proofOf } from './peer-proof.ts';

const ground = {
  clientNonce: Buffer.alloc(32, 1),
  serverNonce: Buffer.alloc(32, 2),
  request: Buffer.from('request'),
};

test('messages come back as they were, and what is none is none', () => {
  const messages: readonly PeerMessage[] = [
    { kind: 'hello', nonce: Buffer.alloc(32, 3), hasToken: true },
    { kind: 'hello', nonce: Buffer.alloc(32, 3), hasToken: false },
    { kind: 'challenge', nonce: Buffer.alloc(32, 4), proof: Buffer.alloc(32, 5) },
    { kind: 'answer', proof: Buffer.alloc(32, 6) },
    { kind: 'welcome', location: 'höst:1' },
  ];
  for (const message of messages) {
    const bytes = encodePeerMessage(message);
    assert.deepEqual(decodePeerMessage(bytes), message);
    if (message.kind !== 'welcome') {
      assert.equal(decodePeerMessage(bytes.subarray(0, -1)), undefined);
      assert.equal(decodePeerMessage(Buffer.concat([bytes, Buffer.of(0)])), undefined);
    }
    assert.equal(decodePeerMessage(Buffer.concat([Buffer.of(2), bytes.subarray(1)])), undefined);
  }
  for (const bytes of [undefined, Buffer.alloc(0), Buffer.of(1), Buffer.of(1, 9)])
    assert.equal(decodePeerMessage(bytes), undefined);
});

test('a proof is of one side, one token, both nonces and one request', () => {
  const token = new Secret('t');
  const proof = proofOf('server', token, ground);
  assert.equal(proof.length, 32);
  assert.ok(isProof('server', token, ground, proof));
  assert.ok(!isProof('client', token, ground, proof));
  assert.ok(!isProof('server', new Secret('u'), ground, proof));
  for (const [name, bytes] of Object.entries(ground)) {
    const other = Buffer.from(bytes);
    other[0] = 99;
    assert.ok(!isProof('server', token, { ...ground, [name]: other }, proof), name);
  }
  assert.ok(!isProof('server', token, ground, proof.subarray(1)));
});
