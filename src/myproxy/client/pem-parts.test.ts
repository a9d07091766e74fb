import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPem } from '../../asn1/index.ts';
import { isLatchkeyError } from '../../kit/index.ts';
import { formatPemParts, pemParts } from './pem-parts.ts';

const LEAF = formatPem('CERTIFICATE', Buffer.from('leaf'));
const ISSUER = formatPem('CERTIFICATE', Buffer.from('issuer'));
const KEY = formatPem('PRIVATE KEY', Buffer.from('key'));
const TRADITIONAL =
  '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\na2V5\n-----END RSA PRIVATE KEY-----';

test('whatever the order was, it becomes leaf, key, chain', () => {
  for (const text of [LEAF + ISSUER + KEY, KEY + LEAF + ISSUER, `subject=x\n${LEAF}\n${KEY}\n${ISSUER}`]) {
    assert.equal(formatPemParts(pemParts(text)), LEAF + KEY + ISSUER);
  }
});

test('an encrypted key is seen, and kept to the letter', () => {
  const parts = pemParts(`${LEAF}${TRADITIONAL}\n`);
  assert.ok(parts.isKeyEncrypted);
  assert.ok(formatPemParts(parts).includes(`${TRADITIONAL}\n`));
  assert.ok(pemParts(LEAF + formatPem('ENCRYPTED PRIVATE KEY', Buffer.from('key'))).isKeyEncrypted);
  assert.ok(!pemParts(LEAF + KEY).isKeyEncrypted);
});

test('one key and a certificate have to be there', () => {
  for (const text of ['', LEAF, KEY, LEAF + KEY + KEY]) {
    assert.throws(
      () => pemParts(text),
      (error) => isLatchkeyError(error, 'pem/malformed'),
    );
  }
});
