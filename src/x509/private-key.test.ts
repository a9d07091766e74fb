import assert from 'node:assert/strict';
import { createCipheriv, createPrivateKey, generateKeyPairSync, pbkdf2Sync, scryptSync } from 'node:crypto';
import { test } from 'node:test';
import {
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  formatPem,
} from '../asn1/index.ts';
import { type ErrorCode, isLatchkeyError, Secret } from '../kit/index.ts';
import { isEncryptedKey, openPrivateKey, sealPrivateKey } from './index.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const phrase = new Secret('hunter22 ü');
const hasCode = (code: ErrorCode) => (error: unknown) => isLatchkeyError(error, code);

test('clear keys in all encodings are opened', async () => {
  for (const pem of [
    rsa.export({ type: 'pkcs1', format: 'pem' }),
    rsa.export({ type: 'pkcs8', format: 'pem' }),
    ec.export({ type: 'sec1', format: 'pem' }),
    ec.export({ type: 'pkcs8', format: 'pem' }),
  ]) {
    const text = String(pem);
    const key = await openPrivateKey(`a certificate may come first\n${text}`);
    assert.ok(key.equals(key.asymmetricKeyType === 'ec' ? ec : rsa));
    assert.equal(isEncryptedKey(text), false);
    assert.ok((await openPrivateKey(text, phrase)).equals(key));
  }
});

test('a key we seal opens with its pass phrase only', async () => {
  for (const key of [rsa, ec]) {
    const pem = await sealPrivateKey(key, phrase);
    assert.match(pem, /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    assert.equal(isEncryptedKey(pem), true);
    assert.ok((await openPrivateKey(pem, phrase)).equals(key));
    assert.ok(
      createPrivateKey({ key: pem, passphrase: phrase.reveal() }).equals(key),
      'OpenSSL does not open it',
    );
    await assert.rejects(openPrivateKey(pem, new Secret('hunter22')), hasCode('x509/pass-phrase-wrong'));
    await assert.rejects(openPrivateKey(pem, new Secret('')), hasCode('x509/pass-phrase-wrong'));
    await assert.rejects(openPrivateKey(pem), hasCode('x509/pass-phrase-needed'));
    assert.notEqual(await sealPrivateKey(key, phrase), pem);
  }
});

test('traditional encryption is opened: 3DES and AES', async () => {
  for (const cipher of ['des-ede3-cbc', 'aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc']) {
    for (const pem of [
      rsa.export({ type: 'pkcs1', format: 'pem', cipher, passphrase: phrase.reveal() }),
      ec.export({ type: 'sec1', format: 'pem', cipher, passphrase: phrase.reveal() }),
    ]) {
      const text = String(pem);
      assert.match(text, /DEK-Info/);
      assert.equal(isEncryptedKey(text), true);
      assert.ok((await openPrivateKey(text, phrase)).equals(text.includes('EC PRIVATE KEY') ? ec : rsa));
      await assert.rejects(openPrivateKey(text, new Secret('wrong')), hasCode('x509/pass-phrase-wrong'));
      await assert.rejects(openPrivateKey(text), hasCode('x509/pass-phrase-needed'));
    }
  }
});

test('a wrong pass phrase is called wrong even where its garbage is padded well', async () => {
  const text = String(
    rsa.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'right' }),
  );
  // About one wrong pass phrase in 256 gives good padding.
  for (let i = 0; i < 1500; i += 1) {
    await assert.rejects(openPrivateKey(text, new Secret(`wrong ${i}`)), hasCode('x509/pass-phrase-wrong'));
  }
});

const OID = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  scrypt: '1.3.6.1.4.1.11591.4.11',
  aes128: '2.16.840.1.101.3.4.1.2',
  hmacSha256: '1.2.840.113549.2.9',
};
const salt = Buffer.from('salt of 16 bytes');
const iv = Buffer.alloc(16, 3);

function pbes2(derivation: Buffer, key: Buffer, cipherOid = OID.aes128): string {
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  const encrypted = Buffer.concat([
    cipher.update(ec.export({ type: 'pkcs8', format: 'der' })),
    cipher.final(),
  ]);
  const encryption = encodeSequence(encodeOid(cipherOid), encodeOctetString(iv));
  const algorithm = encodeSequence(encodeOid(OID.pbes2), encodeSequence(derivation, encryption));
  return formatPem('ENCRYPTED PRIVATE KEY', encodeSequence(algorithm, encodeOctetString(encrypted)));
}

const pbkdf2 = (iterations: number, ...more: Buffer[]) =>
  encodeSequence(
    encodeOid(OID.pbkdf2),
    encodeSequence(encodeOctetString(salt), encodeInteger(iterations), ...more),
  );
const scrypt = (N: number, r: number, p: number, ...more: Buffer[]) =>
  encodeSequence(
    encodeOid(OID.scrypt),
    encodeSequence(encodeOctetString(salt), encodeInteger(N), encodeInteger(r), encodeInteger(p), ...more),
  );

test('PBES2 with every form of its parameters is opened', async () => {
  const sha256 = encodeSequence(encodeOid(OID.hmacSha256), encodeNull());
  const keyOf = (digest: string) => pbkdf2Sync(phrase.reveal(), salt, 1000, 16, digest);
  for (const pem of [
    pbes2(pbkdf2(1000), keyOf('sha1')),
    pbes2(pbkdf2(1000, encodeInteger(16), sha256), keyOf('sha256')),
    pbes2(scrypt(1024, 8, 1), scryptSync(phrase.reveal(), salt, 16, { N: 1024, r: 8, p: 1 })),
    pbes2(
      scrypt(1024, 8, 2, encodeInteger(16)),
      scryptSync(phrase.reveal(), salt, 16, { N: 1024, r: 8, p: 2 }),
    ),
  ]) {
    assert.ok((await openPrivateKey(pem, phrase)).equals(ec));
  }
});

test('a key whose opening would cost too much is refused at once', async () => {
  const key = Buffer.alloc(16);
  const start = performance.now();
  for (const derivation of [
    pbkdf2(2_000_001),
    pbkdf2(2 ** 40),
    scrypt(2 ** 20, 8, 1),
    scrypt(2 ** 40, 1, 1),
    scrypt(16_384, 8, 2 ** 30),
    scrypt(2, 2 ** 30, 1),
    scrypt(16_384, 8, 9),
  ]) {
    await assert.rejects(
      openPrivateKey(pbes2(derivation, key), phrase),
      hasCode('x509/algorithm-unsupported'),
    );
  }
  assert.ok(performance.now() - start < 1000);
});

test('parameters that mean nothing are malformed, unknown ones unsupported', async () => {
  const key = Buffer.alloc(16);
  for (const derivation of [
    scrypt(1000, 8, 1),
    scrypt(0, 8, 1),
    scrypt(16, 0, 1),
    scrypt(16, 8, -1),
    scrypt(16, 8, 1, encodeInteger(17)),
    encodeSequence(
      encodeOid(OID.pbkdf2),
      encodeSequence(encodeOctetString(Buffer.alloc(2000)), encodeInteger(1)),
    ),
    encodeSequence(encodeOid(OID.pbkdf2)),
  ]) {
    await assert.rejects(openPrivateKey(pbes2(derivation, key), phrase), hasCode('x509/key-malformed'));
  }
  const unknownPrf = pbkdf2(1, encodeSequence(encodeOid('1.2.3')));
  for (const pem of [
    pbes2(unknownPrf, key),
    pbes2(encodeSequence(encodeOid('1.2.3'), encodeSequence()), key),
    pbes2(pbkdf2(1), key, '1.2.3'),
  ]) {
    await assert.rejects(openPrivateKey(pem, phrase), hasCode('x509/algorithm-unsupported'));
  }
});

test('what is no key is refused', async () => {
  const encrypted = (dek: string) =>
    `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: ${dek}\n\nAQID\n-----END RSA PRIVATE KEY-----\n`;
  const cases: readonly [string, ErrorCode][] = [
    ['', 'x509/key-malformed'],
    ['-----BEGIN PRIVATE KEY-----\n', 'x509/key-malformed'],
    [formatPem('PRIVATE KEY', Buffer.from([5, 0])), 'x509/key-malformed'],
    [formatPem('RSA PRIVATE KEY', Buffer.alloc(70_000)), 'x509/key-malformed'],
    [formatPem('DSA PRIVATE KEY', Buffer.alloc(1)), 'x509/algorithm-unsupported'],
    [formatPem('ENCRYPTED PRIVATE KEY', Buffer.from([0x30, 0])), 'x509/key-malformed'],
    [encrypted('AES-128-CBC,00'), 'x509/key-malformed'],
    [encrypted('AES-128-CBC,zz'), 'x509/key-malformed'],
    [encrypted('DES-CBC,0011223344556677'), 'x509/algorithm-unsupported'],
    [encrypted('constructor,00'), 'x509/algorithm-unsupported'],
  ];
  for (const [pem, code] of cases) {
    await assert.rejects(openPrivateKey(pem, phrase), hasCode(code), `${code}: ${pem.slice(0, 120)}`);
  }
});

test('no error shows the pass phrase or the key', async () => {
  const pem = String(
    rsa.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'right' }),
  );
  const error = await openPrivateKey(pem, new Secret('canary-7a1')).catch((reason: unknown) => reason);
  const {
    message,
    stack = '',
    hint = '',
    details,
  } = error as { message: string; stack?: string; hint?: string; details: unknown };
  assert.doesNotMatch(message + stack + hint + JSON.stringify(details), /canary-7a1|AQAB/);
});
