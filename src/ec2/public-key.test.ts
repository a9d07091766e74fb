import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { isSameKey, readPublicKey } from './public-key.ts';

/** Fingerprints by `ssh-keygen -l -E sha256`, `ssh-keygen -e -m PKCS8 | openssl pkey -pubin -outform DER | openssl md5 -c`, `ssh-keygen -l -E md5`. */
const ED25519 = {
  line: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa6KmYF12/LKON+4rf6ST7o1OJUgq4FXJWv+0Gwbiy1',
  sha256: 'fM/xI1OVtyNAPfHOpMfR4/UMYqez/QIUQ800GZ940Ms',
};
const RSA = {
  line: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC142HGgtxJ+jfqqF/PNl5uwBdRizWgF/4NYV42lYqbtXrYDBkBm1buAIyk/n0lU9kf5V1giqsQABTnOPjuZVAFPUWRqgIkve/bkX7RXYjnLF3ptQz+qP6GQmvyveE+R7JQghrO9DobiB1rdVdkdTf/M7zOKxO/SCgPTJSb8iIxauw2+CGZUQcM2R5KS3HBMK4v9gD5lSyKHOVn/sfpLiOen08uRTH7n8SNSEDzyDTuwiExUvsAu4Vn5jGUBTLqaxYkt3j69tYGgALL2IOhhTjwWZm8mTD9cQBASfUckP+mCB5CF6Su4zlFLd+sB5gO0by1M/GpGTCP2RGxZEXKb2Tx',
  md5OfDer: '24:70:86:f1:01:b7:f7:1f:75:4f:44:04:d6:76:ef:f6',
  md5: '9f:70:5a:63:19:2e:d3:02:b3:7c:46:a8:56:63:6a:d3',
};

test('of a public key its type and bytes are taken, not its comment', () => {
  assert.equal(readPublicKey(`${ED25519.line} jane@laptop home\n`).line, ED25519.line);
  assert.equal(readPublicKey(`${RSA.line}\r\n`).type, 'ssh-rsa');
});

test('what is no public key is refused without a word of it, above all a private key', () => {
  const canary = 'c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCBzZWNyZXQ';
  for (const text of [
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${canary}\n-----END OPENSSH PRIVATE KEY-----\n`,
    `ssh-ed25519 ${canary}`,
    `${ED25519.line}\nssh-ed25519 ${canary}`,
    `command="x" ${ED25519.line} ${canary}`,
    ED25519.line.replace('ssh-ed25519', 'ssh-rsa'),
    ED25519.line.replace('ssh-ed25519', 'ecdsa-sha2-nistp256'),
    '',
  ]) {
    assert.throws(
      () => readPublicKey(text),
      (error) =>
        isLatchkeyError(error, 'ec2/config') &&
        !`${error.message}${error.hint}`.includes(canary.slice(0, 12)),
      text,
    );
  }
});

test('a registered key is recognised by the key, or by each of the digests that are in use', () => {
  const ed25519 = readPublicKey(ED25519.line);
  const rsa = readPublicKey(RSA.line);
  const other = readPublicKey(ED25519.line.replace('IMa6', 'IMa7'));
  const name = 'work';
  assert.equal(isSameKey(ed25519, { name, publicKey: `${ED25519.line} work\n` }), true);
  assert.equal(isSameKey(other, { name, publicKey: ED25519.line, fingerprint: ED25519.sha256 }), false);
  for (const fingerprint of [ED25519.sha256, `${ED25519.sha256}=`, `SHA256:${ED25519.sha256}`]) {
    assert.equal(isSameKey(ed25519, { name, fingerprint }), true, fingerprint);
    assert.equal(isSameKey(other, { name, fingerprint }), false, fingerprint);
  }
  for (const fingerprint of [RSA.md5OfDer, RSA.md5]) {
    assert.equal(isSameKey(rsa, { name, fingerprint }), true, fingerprint);
    assert.equal(isSameKey(ed25519, { name, fingerprint }), false, fingerprint);
  }
});

test('where the endpoint says too little, the answer is that it cannot be known', () => {
  const key = readPublicKey(RSA.line);
  assert.equal(isSameKey(key, { name: 'work' }), undefined);
  // SHA-1 of the private key: of a pair that the endpoint has made itself.
  const fingerprint = '1f:51:ae:28:bf:89:e9:d8:1f:25:5d:37:2d:7d:b8:ca:9f:f5:f1:6f';
  assert.equal(isSameKey(key, { name: 'work', fingerprint }), undefined);
});
