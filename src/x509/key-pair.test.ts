import assert from 'node:assert/strict';
import { sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { Cursor, readInteger, readOnly } from '../asn1/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import { generateKeyPair } from './index.ts';

test('an RSA key is one by all its numbers', async () => {
  for (const bits of [1024, 2048]) {
    const { privateKey, publicKey } = await generateKeyPair({ type: 'rsa', bits });
    assert.equal(publicKey.asymmetricKeyDetails?.modulusLength, bits);
    assert.equal(publicKey.asymmetricKeyDetails?.publicExponent, 65537n);
    const cursor = new Cursor(readOnly(privateKey.export({ type: 'pkcs1', format: 'der' })));
    const [version, n = 0n, e = 0n, d = 0n, p = 0n, q = 0n, dp, dq, qi = 0n] = cursor
      .rest()
      .map((x) => readInteger(x));
    assert.equal(version, 0n);
    assert.equal(p * q, n);
    assert.ok(p > q);
    assert.equal(n.toString(2).length, bits);
    assert.equal((e * d) % (p - 1n), 1n);
    assert.equal((e * d) % (q - 1n), 1n);
    assert.equal(dp, d % (p - 1n));
    assert.equal(dq, d % (q - 1n));
    assert.equal((q * qi) % p, 1n);
    assert.ok(verify('sha256', Buffer.from('x'), publicKey, sign('sha256', Buffer.from('x'), privateKey)));
  }
});

test('it is RSA 2048 by default, and never the same', async () => {
  const [a, b] = await Promise.all([generateKeyPair(), generateKeyPair()]);
  assert.equal(a.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
  assert.equal(a.publicKey.equals(b.publicKey), false);
});

test('EC keys are on the curve asked for', async () => {
  const curve = async (name?: 'P-256' | 'P-384') => {
    const { privateKey } = await generateKeyPair(
      name === undefined ? { type: 'ec' } : { type: 'ec', curve: name },
    );
    return privateKey.asymmetricKeyDetails?.namedCurve;
  };
  assert.equal(await curve(), 'prime256v1');
  assert.equal(await curve('P-384'), 'secp384r1');
});

test('odd sizes are refused', async () => {
  for (const bits of [0, 512, 2000, 2049, 16_384, Number.NaN]) {
    await assert.rejects(generateKeyPair({ type: 'rsa', bits }), (error) =>
      isLatchkeyError(error, 'x509/algorithm-unsupported'),
    );
  }
});

test('an aborted search rejects with the reason of its signal', async () => {
  const reason = new Error('no longer needed');
  await assert.rejects(generateKeyPair(undefined, AbortSignal.abort(reason)), reason);
  const controller = new AbortController();
  const work = generateKeyPair({ type: 'rsa', bits: 1024 }, controller.signal);
  controller.abort(reason);
  await assert.rejects(work, reason);
});
