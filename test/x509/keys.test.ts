import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError, runProgram, Secret } from '../../src/kit/index.ts';
import { generateKeyPair, openPrivateKey, sealPrivateKey } from '../../src/x509/index.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const phrase = new Secret('correct horse');

async function openssl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram('openssl', args);
  assert.equal(code, 0, `openssl ${args.join(' ')}\n${stderr}`);
  return stdout.toString();
}

const publicPem = (key: KeyObject) => String(createPublicKey(key).export({ type: 'spki', format: 'pem' }));

test('openssl opens the keys that we seal, and finds nothing wrong with those we make', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const directory = workspace(t);
  for (const [name, algorithm] of [
    ['rsa', { type: 'rsa', bits: 2048 }],
    ['rsa-3072', { type: 'rsa', bits: 3072 }],
    ['ec', { type: 'ec' }],
    ['p384', { type: 'ec', curve: 'P-384' }],
  ] as const) {
    const { privateKey } = await generateKeyPair(algorithm);
    const path = join(directory, `${name}.pem`);
    writeFileSync(path, await sealPrivateKey(privateKey, phrase), { mode: 0o600 });
    writeFileSync(join(directory, 'phrase'), phrase.reveal());
    const opened = await openssl(
      'pkey',
      '-in',
      path,
      '-passin',
      `file:${join(directory, 'phrase')}`,
      '-pubout',
    );
    assert.equal(opened, publicPem(privateKey), name);
    const check = await openssl(
      'pkey',
      '-in',
      path,
      '-passin',
      `file:${join(directory, 'phrase')}`,
      '-check',
      '-noout',
    );
    assert.match(check, /Key is valid/, name);
    const wrong = await runProgram('openssl', ['pkey', '-in', path, '-passin', 'pass:wrong', '-noout']);
    assert.notEqual(wrong.code, 0, name);
  }
});

/** Ways in which openssl encrypts a key: arguments after `-in clear.pem -passout … -out sealed.pem`. */
const WAYS: readonly (readonly [string, ...string[]])[] = [
  ['rsa', '-traditional', '-des3'],
  ['rsa', '-traditional', '-aes128'],
  ['rsa', '-traditional', '-aes192'],
  ['rsa', '-traditional', '-aes256'],
  ['rsa', '-aes256'],
  ['pkcs8', '-topk8'],
  ['pkcs8', '-topk8', '-v2', 'des3'],
  ['pkcs8', '-topk8', '-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA1'],
  ['pkcs8', '-topk8', '-v2', 'aes-192-cbc', '-v2prf', 'hmacWithSHA512'],
  ['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-iter', '100000'],
  ['pkcs8', '-topk8', '-scrypt'],
  ['pkcs8', '-topk8', '-scrypt', '-scrypt_N', '1024', '-scrypt_r', '4', '-scrypt_p', '2'],
  ['ec', '-des3'],
  ['ec', '-aes256'],
];

test('we open the keys that openssl encrypts', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const directory = workspace(t);
  const clear: Record<string, string> = { rsa: join(directory, 'rsa'), ec: join(directory, 'ec') };
  await openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', clear.rsa ?? '');
  await openssl('ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', clear.ec ?? '');
  writeFileSync(join(directory, 'phrase'), phrase.reveal());
  for (const [command, ...options] of WAYS) {
    await t.test(`openssl ${command} ${options.join(' ')}`, async () => {
      const source = clear[command === 'ec' ? 'ec' : 'rsa'] ?? '';
      const sealed = join(directory, 'sealed');
      const out = ['-passout', `file:${join(directory, 'phrase')}`, '-out', sealed];
      await openssl(command, '-in', source, ...options, ...out);
      const pem = readFileSync(sealed, 'utf8');
      assert.match(pem, /ENCRYPTED/);
      const key = await openPrivateKey(pem, phrase);
      assert.ok(key.equals(await openPrivateKey(readFileSync(source, 'utf8'))));
      await assert.rejects(openPrivateKey(pem, new Secret('wrong')), (error) =>
        isLatchkeyError(error, 'x509/pass-phrase-wrong'),
      );
    });
  }
});

test('what openssl encrypts with PKCS #5 v1.5 or PKCS #12 is refused with the remedy', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const directory = workspace(t);
  const clear = join(directory, 'clear');
  const sealed = join(directory, 'sealed');
  await openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', clear);
  await openssl(
    'pkcs8',
    '-topk8',
    '-v1',
    'PBE-SHA1-3DES',
    '-in',
    clear,
    '-passout',
    'pass:secret',
    '-out',
    sealed,
  );
  await assert.rejects(openPrivateKey(readFileSync(sealed, 'utf8'), new Secret('secret')), (error) => {
    return isLatchkeyError(error, 'x509/algorithm-unsupported') && /openssl pkcs8/.test(error.hint ?? '');
  });
});
