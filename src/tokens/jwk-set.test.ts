import assert from 'node:assert/strict';
import {
  createECDH,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { test } from 'node:test';
import { parseJwks } from './jwk-set.ts';
import { sciTokensKeyId, thumbprint } from './key-id.ts';
import { formatJwk, makePublishedKey } from './published-key.ts';

const jwkOf = (key: KeyObject, more: object = {}): object => ({ ...key.export({ format: 'jwk' }), ...more });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');

test('keys come back as they were published', () => {
  const keys = [ec, rsa, ed].map(({ publicKey }, index) => makePublishedKey(publicKey, `k${index}`));
  const parsed = parseJwks(JSON.parse(JSON.stringify({ keys: keys.map(formatJwk) })));
  assert.deepEqual(parsed.findings, []);
  assert.deepEqual(
    parsed.keys.map(({ keyId, algorithm }) => [keyId, algorithm]),
    [
      ['k0', 'ES256'],
      ['k1', 'RS256'],
      ['k2', 'EdDSA'],
    ],
  );
});

test('keys that tokens are not verified with are left out, each with its reason', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const set = [
    [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }, /shared secret/],
    [jwkOf(ec.privateKey), /private key that was published/],
    [jwkOf(ec.publicKey, { use: 'enc' }), /not for signatures/],
    [jwkOf(ec.publicKey, { key_ops: ['encrypt'] }), /not for verifying/],
    [jwkOf(ec.publicKey, { alg: 'ES384' }), /another algorithm/],
    [jwkOf(rsa.publicKey, { alg: 'PS256' }), /another algorithm/],
    [jwkOf(ec.publicKey, { kid: 7 }), /a kid is a text/],
    [jwkOf(weak.publicKey), /RSA \(2048/],
    [jwkOf(other.publicKey), /secp384r1/],
    [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, /malformed/],
    [{ kty: 'new' }, /malformed or of an unknown kind/],
    [null, /malformed/],
    ['text', /malformed/],
  ] as const;
  const { keys, findings } = parseJwks({ keys: set.map(([jwk]) => jwk) });
  assert.deepEqual(keys, []);
  set.forEach(([, reason], index) => {
    assert.match(findings[index]?.message ?? '', reason);
  });
});

test('what is no set', () => {
  for (const document of [null, [], {}, { keys: {} }, { keys: new Array(101).fill({}) }]) {
    assert.throws(() => parseJwks(document), /a JWK set is/);
  }
});

/** A public P-256 key whose x begins with a zero byte: the first among the multiples of the base point. */
function keyWithShortX(): KeyObject {
  const curve = createECDH('prime256v1');
  const scalar = Buffer.alloc(32);
  for (let multiple = 1; ; multiple += 1) {
    scalar.writeUInt32BE(multiple, 28);
    curve.setPrivateKey(scalar);
    const point = curve.getPublicKey();
    if (point[1] !== 0) continue;
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((bytes) => bytes.toString('base64url'));
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y } as JsonWebKey, format: 'jwk' });
  }
}

test('coordinates are published in their whole length, also when they begin with zero', () => {
  const { x = '', y = '' } = formatJwk(makePublishedKey(keyWithShortX()));
  assert.deepEqual([x.length, y.length, Buffer.from(x, 'base64url')[0]], [43, 43, 0]);
});

test('key ids: the thumbprint of RFC 7638 §3.1, and four digits as the Python tool makes them', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  const { keys } = parseJwks({ keys: [{ kty: 'RSA', n, e: 'AQAB', kid: 'x' }] });
  const [key] = keys;
  assert.ok(key);
  assert.equal(thumbprint(key.publicKey), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  assert.match(sciTokensKeyId(key.publicKey), /^[0-9a-f]{4}$/);
  assert.match(sciTokensKeyId(keyWithShortX()), /^[0-9a-f]{4}$/);
});
