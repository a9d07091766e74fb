import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { before, test } from 'node:test';
import { formatPem } from '../asn1/index.ts';
import { type ErrorCode, isLatchkeyError, Secret } from '../kit/index.ts';
import {
  formatCertificates,
  formatCredential,
  generateKeyPair,
  isKeyOf,
  makeCredential,
  parseCredential,
  sealPrivateKey,
} from './index.ts';
import { type Holder, makeAuthority, makeProxy, makeUser } from './sample-holders.test.ts';

let user: Holder;
let proxy: Holder;
before(async () => {
  user = await makeUser(await makeAuthority());
  proxy = await makeProxy(user);
});
const hasCode = (code: ErrorCode) => (error: unknown) => isLatchkeyError(error, code);

test('a credential comes back from its own text: leaf, key, chain', async () => {
  const chain = [proxy.certificate, user.certificate];
  const text = formatCredential({ chain, privateKey: proxy.privateKey }).revealText();
  assert.deepEqual(text.match(/(?<=BEGIN )[A-Z ]+/g), ['CERTIFICATE', 'PRIVATE KEY', 'CERTIFICATE']);
  const again = await parseCredential(text);
  assert.deepEqual(
    again.chain.map(({ der }) => der),
    chain.map(({ der }) => der),
  );
  assert.ok(again.privateKey.equals(proxy.privateKey));
});

test('RSA keys are written in their traditional form', async () => {
  const { publicKey, privateKey } = await generateKeyPair({ type: 'rsa', bits: 1024 });
  const { certificate } = await makeProxy(user, { publicKey });
  const text = formatCredential({ chain: [certificate], privateKey }).revealText();
  assert.match(text, /-----BEGIN RSA PRIVATE KEY-----\n/);
  assert.ok((await parseCredential(text)).privateKey.equals(privateKey));
});

test('the key may stand anywhere, and be sealed', async () => {
  const phrase = new Secret('hunter22');
  const sealed = await sealPrivateKey(user.privateKey, phrase);
  const certificates = formatCertificates([user.certificate]);
  for (const text of [sealed + certificates, certificates + sealed]) {
    assert.ok((await parseCredential(text, phrase)).privateKey.equals(user.privateKey));
    await assert.rejects(parseCredential(text), hasCode('x509/pass-phrase-needed'));
    await assert.rejects(parseCredential(text, new Secret('hunter2')), hasCode('x509/pass-phrase-wrong'));
  }
});

test('a key of another certificate, or none, is refused', async () => {
  const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  assert.equal(isKeyOf(user.privateKey, user.certificate), true);
  assert.equal(isKeyOf(stranger, user.certificate), false);
  assert.throws(() => makeCredential([user.certificate], proxy.privateKey), hasCode('x509/key-mismatch'));
  assert.throws(() => makeCredential([], proxy.privateKey), hasCode('x509/malformed'));
  await assert.rejects(
    parseCredential(formatCertificates([user.certificate])),
    hasCode('x509/key-malformed'),
  );
  await assert.rejects(
    parseCredential(formatPem('CERTIFICATE', Buffer.from([5, 0]))),
    hasCode('x509/malformed'),
  );
});

test('a credential does not show its key', () => {
  const secret = formatCredential({ chain: [user.certificate], privateKey: user.privateKey });
  assert.equal(`${secret}${JSON.stringify({ secret })}`, '[secret]{"secret":"[secret]"}');
});
