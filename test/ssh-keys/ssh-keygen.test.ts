// Keys, as ssh-keygen makes and judges them: every type, format and cipher.
import assert from 'node:assert/strict';
import { createHash, createPrivateKey } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError, runProgram, Secret } from '../../src/kit/index.ts';
import {
  awsFingerprints,
  formatSshPublicKey,
  inspectSshKey,
  isCertificateOf,
  matchesAwsFingerprint,
  openSshKey,
  parseSshCertificate,
  parseSshPublicKey,
  sshFingerprint,
  sshFingerprintMd5,
} from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const TYPES = [
  ['ed25519'],
  ['rsa', '-b', '2048'],
  ['rsa', '-b', '1024'],
  ['ecdsa', '-b', '256'],
  ['ecdsa', '-b', '384'],
  ['ecdsa', '-b', '521'],
];
const CIPHERS = [
  '3des-cbc',
  'aes128-cbc',
  'aes192-cbc',
  'aes256-cbc',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
];
const PASS_PHRASE = 'it\'s "a" $(phrase) mit Ümläuten; and `more`';

let made = 0;

async function keygen(...args: string[]): Promise<string> {
  const run = await runProgram('ssh-keygen', args);
  assert.equal(run.code, 0, run.stderr.toString());
  return run.stdout.toString();
}

async function makeKey(directory: string, type: string[], passPhrase: string, ...more: string[]) {
  made += 1;
  const path = join(directory, `key${made}`);
  await keygen(
    '-q',
    '-t',
    ...type,
    '-N',
    passPhrase,
    '-C',
    'jane@here there',
    '-a',
    '2',
    ...more,
    '-f',
    path,
  );
  return path;
}

function text(path: string): string {
  return readFileSync(path, 'utf8');
}

async function assertSameAsKeygen(path: string, passPhrase: string): Promise<void> {
  const options = passPhrase === '' ? {} : { passPhrase: new Secret(passPhrase) };
  const opened = await openSshKey(text(path), options);
  const [type, base64] = (await keygen('-y', '-P', passPhrase, '-f', path)).split(' ');
  assert.equal(opened.publicKey.type, type);
  assert.equal(opened.publicKey.blob.toString('base64'), base64?.trim());
  assert.ok(opened.privateKey);
  const line = parseSshPublicKey(text(`${path}.pub`));
  assert.ok(line.blob.equals(opened.publicKey.blob));
  assert.equal(`${formatSshPublicKey(line)}\n`, text(`${path}.pub`));
  assert.match(await keygen('-l', '-f', `${path}.pub`), new RegExp(literally(sshFingerprint(line))));
  assert.match(
    await keygen('-l', '-E', 'md5', '-f', `${path}.pub`),
    new RegExp(literally(sshFingerprintMd5(line))),
  );
}

function literally(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

async function assertCode(act: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(act, (error) => isLatchkeyError(error) && error.code === code);
}

test('every type, plain and encrypted, in OpenSSH format, PEM and PKCS #8: the same key as ssh-keygen reads', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  for (const type of TYPES) {
    for (const format of type[0] === 'ed25519' ? [[]] : [[], ['-m', 'PEM'], ['-m', 'PKCS8']]) {
      for (const passPhrase of ['', PASS_PHRASE]) {
        const path = await makeKey(directory, type, passPhrase, ...format);
        const file = inspectSshKey(text(path));
        assert.equal(file.isEncrypted, passPhrase !== '');
        assert.equal(file.publicKey !== undefined, file.format === 'openssh' || passPhrase === '');
        await assertSameAsKeygen(path, passPhrase);
        if (passPhrase === '') continue;
        await assertCode(openSshKey(text(path)), 'ssh/pass-phrase-needed');
        await assertCode(openSshKey(text(path), { passPhrase: new Secret('') }), 'ssh/pass-phrase-needed');
        for (const wrong of ['no', `${PASS_PHRASE} `, 'x'.repeat(500)]) {
          await assertCode(
            openSshKey(text(path), { passPhrase: new Secret(wrong) }),
            'ssh/pass-phrase-wrong',
          );
        }
      }
    }
  }
});

test('every cipher that ssh-keygen can encrypt with', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  for (const cipher of CIPHERS) {
    for (const type of [['ed25519'], ['rsa', '-b', '2048']]) {
      const path = await makeKey(directory, type, PASS_PHRASE, '-Z', cipher);
      await assertSameAsKeygen(path, PASS_PHRASE);
      await assertCode(openSshKey(text(path), { passPhrase: new Secret('no') }), 'ssh/pass-phrase-wrong');
    }
  }
});

test('a certificate: kind, principals, times, key id and the key it is for', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  const authority = await makeKey(directory, ['ed25519'], '');
  for (const type of TYPES) {
    const path = await makeKey(directory, type, '');
    const serial = ['-z', '18446744073709551615'];
    await keygen(
      '-q',
      '-s',
      authority,
      '-I',
      'id of jane',
      '-n',
      'jane,root',
      ...serial,
      '-V',
      '20260101:20270101',
      `${path}.pub`,
    );
    const certificate = parseSshCertificate(text(`${path}-cert.pub`));
    assert.equal(certificate.kind, 'user');
    assert.deepEqual(certificate.principals, ['jane', 'root']);
    assert.equal(certificate.keyId, 'id of jane');
    assert.equal(certificate.serial, 18446744073709551615n);
    assert.ok(certificate.validAfter < (certificate.validBefore ?? 0));
    assert.equal(certificate.validBefore?.getUTCFullYear(), new Date(2027, 0, 1).getUTCFullYear());
    assert.ok(isCertificateOf(certificate, parseSshPublicKey(text(`${path}.pub`))));
    assert.ok(!isCertificateOf(certificate, parseSshPublicKey(text(`${authority}.pub`))));
    assert.equal(
      sshFingerprint(certificate.authority),
      sshFingerprint(parseSshPublicKey(text(`${authority}.pub`))),
    );
    await keygen('-q', '-s', authority, '-I', 'h', '-h', `${path}.pub`);
    const host = parseSshCertificate(text(`${path}-cert.pub`));
    assert.deepEqual([host.kind, host.validBefore, host.principals], ['host', undefined, []]);
  }
});

test('fingerprints of EC2: of an imported RSA key, of one made there, of Ed25519', async (t) => {
  if (!havePeers(t, 'ssh-keygen', 'openssl')) return;
  const directory = workspace(t);
  const path = await makeKey(directory, ['rsa', '-b', '2048'], '', '-m', 'PEM');
  const openssl = async (...args: string[]) => (await runProgram('openssl', args)).stdout;
  const colons = (algorithm: string, der: Buffer) =>
    createHash(algorithm).update(der).digest('hex').match(/../g)?.join(':');
  // The commands of AWS's own documentation.
  const imported = colons('md5', await openssl('rsa', '-in', path, '-pubout', '-outform', 'DER'));
  const createdThere = colons(
    'sha1',
    await openssl('pkcs8', '-in', path, '-inform', 'PEM', '-outform', 'DER', '-topk8', '-nocrypt'),
  );
  const pair = await openSshKey(text(path));
  assert.deepEqual(awsFingerprints(pair), [imported, createdThere]);
  const ed25519 = await openSshKey(text(await makeKey(directory, ['ed25519'], '')));
  const listed = sshFingerprint(ed25519.publicKey).slice(7);
  assert.ok(matchesAwsFingerprint(`${listed}=`, ed25519));
  assert.ok(!matchesAwsFingerprint(`${listed}=`, pair));
});

test('a DSA key: ssh-keygen makes one, ours says that ssh alone can use it', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  const made = await runProgram('ssh-keygen', ['-q', '-t', 'dsa', '-N', '', '-f', join(directory, 'dsa')]);
  if (made.code !== 0) return t.skip('this ssh-keygen makes no DSA keys any more');
  const { publicKey, privateKey } = await openSshKey(text(join(directory, 'dsa')));
  assert.equal(publicKey.type, 'ssh-dss');
  assert.equal(privateKey, undefined);
});

test('a public file that is another key than the private one, and a key whose halves do not belong together', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const directory = workspace(t);
  const [one, other] = [await makeKey(directory, ['ed25519'], ''), await makeKey(directory, ['ed25519'], '')];
  const bytes = (path: string) => Buffer.from(text(path).split('\n').slice(1, -2).join(''), 'base64');
  const mixed = bytes(one);
  // The public key in clear sits at the same place in both.
  bytes(other).copy(mixed, 62, 62, 94);
  const path = join(directory, 'mixed');
  writeFileSync(
    path,
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${mixed.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`,
  );
  chmodSync(path, 0o600);
  await assertCode(openSshKey(text(path)), 'ssh/key-malformed');
});

test('PKCS #8 of openssl: scrypt, PBKDF2, and iterations that nobody waits for', async (t) => {
  if (!havePeers(t, 'ssh-keygen', 'openssl')) return;
  const directory = workspace(t);
  const path = await makeKey(directory, ['rsa', '-b', '2048'], '', '-m', 'PEM');
  const expected = createPrivateKey(text(path)).export({ format: 'jwk' }).n;
  const seal = async (...args: string[]) => {
    const run = await runProgram('openssl', [
      'pkcs8',
      '-topk8',
      '-in',
      path,
      '-passout',
      'pass:secret',
      ...args,
    ]);
    assert.equal(run.code, 0, run.stderr.toString());
    return run.stdout.toString();
  };
  for (const args of [['-scrypt'], ['-v2', 'aes-256-cbc', '-iter', '5000'], ['-v2', 'des3']]) {
    const sealed = await seal(...args);
    const { privateKey } = await openSshKey(sealed, { passPhrase: new Secret('secret') });
    assert.equal(privateKey?.export({ format: 'jwk' }).n, expected);
    await assertCode(openSshKey(sealed, { passPhrase: new Secret('no') }), 'ssh/pass-phrase-wrong');
  }
  const costly = await seal('-v2', 'aes-256-cbc', '-iter', '70000');
  const der = Buffer.from(costly.split('\n').slice(1, -2).join(''), 'base64');
  const at = der.indexOf(Buffer.from('0203011170', 'hex'));
  assert.ok(at > 0, 'INTEGER 70 000');
  der.writeUIntBE(0x7fffff, at + 2, 3);
  const label = 'ENCRYPTED PRIVATE KEY';
  const impossible = `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;
  await assertCode(openSshKey(impossible, { passPhrase: new Secret('secret') }), 'ssh/key-malformed');
});
