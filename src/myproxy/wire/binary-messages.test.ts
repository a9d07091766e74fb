import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../../kit/index.ts';
import { encodeAuthorizationReply, parseAuthorizationReply } from './authorization-reply.ts';
import { encodeChain, parseChain } from './chain.ts';

const der = (size: number) =>
  Buffer.concat([Buffer.of(0x30, 0x82, size >> 8, size & 0xff), Buffer.alloc(size, 7)]);
const chain = [der(300), der(400)];

test('a chain is one count byte and the certificates', () => {
  const message = encodeChain(chain);
  assert.equal(message[0], 2);
  assert.deepEqual(parseChain(message), chain);
  message[0] = 200;
  assert.deepEqual(parseChain(message), chain, 'the C receiver does not count either');
});

test('bad chains', () => {
  assert.throws(() => encodeChain([]), { code: 'myproxy/value-invalid' });
  assert.throws(() => encodeChain(Array(101).fill(der(300))), { code: 'myproxy/value-invalid' });
  assert.throws(() => parseChain(Buffer.alloc(0)), { code: 'myproxy/malformed' });
  assert.throws(() => parseChain(Buffer.of(0)), { code: 'myproxy/malformed' });
  assert.throws(() => parseChain(Buffer.of(1)), { code: 'myproxy/malformed' });
  assert.throws(() => parseChain(Buffer.concat([Buffer.of(0), ...chain])), { code: 'myproxy/malformed' });
  assert.throws(() => parseChain(Buffer.concat([Buffer.of(255), ...Array(255).fill(der(300))])), {
    code: 'myproxy/too-large',
  });
  assert.throws(() => parseChain(Buffer.concat([Buffer.of(1), Buffer.from('VERSION=')])), {
    code: 'myproxy/malformed',
  });
  assert.throws(() => parseChain(encodeChain(chain).subarray(0, -1)), { code: 'asn1/malformed' });
});

test('the layout of a certificate reply: method, length, signature, one byte of count, certificates', () => {
  const signature = Buffer.alloc(256, 0xab);
  const message = encodeAuthorizationReply({ method: 'X509_certificate_SHA256', signature, chain });
  assert.equal(message.subarray(0, 8).toString('hex'), '0400000000000100');
  assert.deepEqual(message.subarray(8, 264), signature);
  assert.equal(message[264], 2);
  assert.deepEqual(message.subarray(265), Buffer.concat(chain));
  assert.deepEqual(parseAuthorizationReply(message), { method: 'X509_certificate_SHA256', signature, chain });
});

test('password and SASL replies', () => {
  const message = encodeAuthorizationReply({ method: 'password', passPhrase: new Secret('sésame') });
  assert.equal(message.toString('latin1'), `\x01\0\0\0${Buffer.from('sésame').toString('latin1')}\0`);
  const reply = parseAuthorizationReply(message);
  assert.ok(reply.method === 'password');
  assert.equal(reply.passPhrase.revealText(), 'sésame');
  for (const data of [Buffer.alloc(0), Buffer.from('UExBSU4=')]) {
    assert.deepEqual(parseAuthorizationReply(encodeAuthorizationReply({ method: 'SASL', data })), {
      method: 'SASL',
      data,
    });
  }
});

test('replies whose lengths do not fit are refused', () => {
  const good = encodeAuthorizationReply({ method: 'X509_certificate', signature: Buffer.alloc(256), chain });
  const changed = (offset: number, ...bytes: number[]) => {
    const copy = Buffer.from(good);
    copy.set(bytes, offset);
    return copy;
  };
  const bad: [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['three bytes', good.subarray(0, 3)],
    ['method 0', changed(0, 0)],
    ['method 5', changed(0, 5)],
    ['reserved bytes', changed(1, 1)],
    ['no length', good.subarray(0, 6)],
    ['signature of 0', changed(4, 0, 0, 0, 0)],
    ['signature of 4 GiB', changed(4, 0xff, 0xff, 0xff, 0xff)],
    ['signature longer than the message', changed(4, 0, 0, 8, 0)],
    ['signature too long by one', changed(4, 0, 0, 1, 1)],
    ['no certificate', changed(264, 0)],
    ['255 certificates', changed(264, 255)],
    ['one more certificate than there is', changed(264, 3)],
    ['one certificate fewer', changed(264, 1)],
    ['cut', good.subarray(0, -1)],
    ['rest', Buffer.concat([good, Buffer.of(0)])],
  ];
  for (const [name, message] of bad) {
    assert.throws(() => parseAuthorizationReply(message), /LatchkeyError/, name);
  }
});

const ders = fc.array(
  fc
    .uint8Array({ minLength: 256, maxLength: 700 })
    .map((bytes) => Buffer.concat([Buffer.of(0x30, 0x82, bytes.length >> 8, bytes.length & 0xff), bytes])),
  { minLength: 1, maxLength: 6 },
);

test('what was encoded is parsed to the same chain and reply', () => {
  fc.assert(
    fc.property(ders, fc.uint8Array({ minLength: 1, maxLength: 1024 }), (chain, bytes) => {
      assert.deepEqual(parseChain(encodeChain(chain)), chain);
      const reply = { method: 'X509_certificate', signature: Buffer.from(bytes), chain } as const;
      assert.deepEqual(parseAuthorizationReply(encodeAuthorizationReply(reply)), reply);
    }),
    { numRuns: 300 },
  );
});
