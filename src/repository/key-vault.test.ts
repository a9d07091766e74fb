import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { type Clock, isLatchkeyError, Secret } from '../kit/index.ts';
import { hasOldSeal, isEncrypted, KeyVault } from './key-vault.ts';

const certificate = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
const chain = certificate('bGVhZg==') + certificate('aXNzdWVy');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const right = new Secret('correct horse');
const wrong = new Secret('correct horsf');

function oldStyle(key: KeyObject, cipher = 'des-ede3-cbc'): { pem: Secret } {
  const keyPem = key.export({ type: 'pkcs1', format: 'pem', cipher, passphrase: right.revealText() });
  return { pem: new Secret(certificate('bGVhZg==') + keyPem + certificate('aXNzdWVy')) };
}

test('what is sealed opens with its pass phrase only', async () => {
  const vault = new KeyVault();
  for (const key of [rsa, ec]) {
    const pem = await vault.seal(chain, key, right);
    assert.ok(isEncrypted(pem) && !hasOldSeal(pem));
    assert.match(pem.revealText(), /CERTIFICATE[\s\S]*ENCRYPTED PRIVATE KEY[\s\S]*CERTIFICATE/);
    assert.ok((await vault.unlock({ pem }, right))?.equals(key));
    assert.equal(await vault.unlock({ pem }, wrong), undefined);
    assert.equal(await vault.unlock({ pem }, new Secret('')), undefined);
    await assert.rejects(vault.openClear({ pem }), (error) =>
      isLatchkeyError(error, 'x509/pass-phrase-needed'),
    );
  }
});

test('a key in the clear is opened without a pass phrase, and by none', async () => {
  const vault = new KeyVault();
  const cases = [
    [rsa, 'RSA PRIVATE KEY'],
    [ec, 'PRIVATE KEY'],
  ] as const;
  for (const [key, label] of cases) {
    const pem = await vault.seal(chain, key, new Secret(''));
    assert.ok(!isEncrypted(pem) && pem.revealText().includes(`-----BEGIN ${label}-----`));
    assert.ok((await vault.openClear({ pem })).equals(key));
    assert.equal(await vault.unlock({ pem }, right), undefined);
    assert.equal(await vault.changePassPhrase({ pem }, right, right), undefined);
  }
});

test('old seals are read, and sealed anew under the same pass phrase', async () => {
  const vault = new KeyVault();
  for (const cipher of ['des-ede3-cbc', 'aes-256-cbc']) {
    const old = oldStyle(rsa, cipher);
    assert.ok(hasOldSeal(old.pem));
    assert.equal(await vault.resealIfOld(old, wrong), undefined);
    const pem = await vault.resealIfOld(old, right);
    assert.ok(pem !== undefined && !hasOldSeal(pem));
    assert.ok((await vault.unlock({ pem }, right))?.equals(rsa));
    assert.equal(await vault.resealIfOld({ pem }, right), undefined);
    assert.deepEqual(pem.revealText().match(/BEGIN [A-Z ]+/g), [
      'BEGIN CERTIFICATE',
      'BEGIN ENCRYPTED PRIVATE KEY',
      'BEGIN CERTIFICATE',
    ]);
  }
});

test('a pass phrase is changed, or taken away', async () => {
  const vault = new KeyVault();
  const pem = await vault.seal(chain, rsa, right);
  const fresh = new Secret('battery staple');
  assert.equal(await vault.changePassPhrase({ pem }, wrong, fresh), undefined);
  const changed = await vault.changePassPhrase({ pem }, right, fresh);
  assert.ok(changed !== undefined);
  assert.equal(await vault.unlock({ pem: changed }, right), undefined);
  assert.ok((await vault.unlock({ pem: changed }, fresh))?.equals(rsa));
  const clear = await vault.changePassPhrase({ pem: changed }, fresh, new Secret(''));
  assert.ok(clear !== undefined && !isEncrypted(clear));
});

test('an unlock is remembered for a while, and for that credential and pass phrase only', async () => {
  let now = 0;
  const clock: Clock = { now: () => new Date(now), sleep: () => Promise.resolve() };
  const vault = new KeyVault({ rememberSeconds: 300, clock });
  const pem = await vault.seal(chain, ec, right);
  const first = await vault.unlock({ pem }, right);
  assert.equal(await vault.unlock({ pem: new Secret(pem.reveal()) }, new Secret('correct horse')), first);
  assert.equal(await vault.unlock({ pem }, wrong), undefined);
  now = 299_999;
  assert.equal(await vault.unlock({ pem }, right), first);
  now = 300_000;
  const later = await vault.unlock({ pem }, right);
  assert.ok(later !== undefined && later !== first && later.equals(ec));
  vault.forget();
  assert.notEqual(await vault.unlock({ pem }, right), later);
  const forgetful = new KeyVault({ rememberSeconds: 0 });
  assert.notEqual(await forgetful.unlock({ pem }, right), await forgetful.unlock({ pem }, right));
});

test('a crowd with the same pass phrase is answered by one derivation', async () => {
  const vault = new KeyVault({ rememberSeconds: 0 });
  const pem = await vault.seal(chain, ec, right);
  const keys = await Promise.all(Array.from({ length: 20 }, () => vault.unlock({ pem }, right)));
  assert.equal(new Set(keys).size, 1);
});

test('guesses that wait are refused when their turn comes, or when too many wait', async () => {
  const vault = new KeyVault({ concurrency: 1, maxWaiting: 3 });
  const pem = await vault.seal(chain, ec, right);
  let failures = 0;
  const guesses = Array.from({ length: 8 }, async (_, number) => {
    const key = await vault.unlock({ pem }, new Secret(`guess ${number}`), { admit: () => failures < 2 });
    if (key === undefined) failures += 1;
  });
  const outcomes = await Promise.allSettled(guesses);
  const refused = outcomes.filter(
    (outcome) => outcome.status === 'rejected' && isLatchkeyError(outcome.reason, 'repository/throttled'),
  );
  assert.ok(failures >= 2 && failures <= 3, `${failures} guesses were tried`);
  assert.equal(failures + refused.length, 8);
});
