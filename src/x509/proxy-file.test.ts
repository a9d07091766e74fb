import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { type ErrorCode, isLatchkeyError } from '../kit/index.ts';
import {
  type Credential,
  defaultProxyPath,
  readPrivateFile,
  readProxyFile,
  writeProxyFile,
} from './index.ts';
import { makeAuthority, makeProxy, makeUser } from './sample-holders.test.ts';

const root = mkdtempSync(join(tmpdir(), 'latchkey-proxy-file-'));
after(() => rmSync(root, { recursive: true }));

let credential: Credential;
let path: string;
let count = 0;
before(async () => {
  const user = await makeUser(await makeAuthority());
  const proxy = await makeProxy(user);
  credential = { chain: [proxy.certificate, user.certificate], privateKey: proxy.privateKey };
});
beforeEach(() => {
  count += 1;
  mkdirSync(join(root, String(count)));
  path = join(root, String(count), 'x509up');
});
const hasCode = (code: ErrorCode) => (error: unknown) => isLatchkeyError(error, code);
const isRoot = process.geteuid?.() === 0;

test('the place is X509_USER_PROXY or /tmp/x509up_u and the uid', () => {
  assert.equal(defaultProxyPath({}, 1000), '/tmp/x509up_u1000');
  assert.equal(defaultProxyPath({ X509_USER_PROXY: '' }, 1000), '/tmp/x509up_u1000');
  assert.equal(defaultProxyPath({ X509_USER_PROXY: '/home/jane/proxy' }, 1000), '/home/jane/proxy');
});

test('a proxy is written for its owner only, whatever the umask, and read back', async () => {
  const umask = process.umask(0);
  try {
    assert.equal(await writeProxyFile(credential, path), path);
  } finally {
    process.umask(umask);
  }
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const again = await readProxyFile(path);
  assert.deepEqual(
    again.chain.map(({ der }) => der),
    credential.chain.map(({ der }) => der),
  );
  assert.ok(again.privateKey.equals(credential.privateKey));
  assert.deepEqual(readdirSync(join(path, '..')), ['x509up']);
});

test('an old file is replaced, whatever its mode', async () => {
  writeFileSync(path, 'old', { mode: 0o644 });
  await writeProxyFile(credential, path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a link in its place is replaced, and what it points at left alone', async () => {
  const victim = join(path, '..', 'victim');
  writeFileSync(victim, 'precious');
  symlinkSync(victim, path);
  await writeProxyFile(credential, path);
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.ok(lstatSync(path).isFile());
});

test('a directory in its place is left alone', async () => {
  mkdirSync(path);
  await assert.rejects(writeProxyFile(credential, path), hasCode('file/unsafe'));
  await assert.rejects(writeProxyFile(credential, join(path, 'no', 'such')), hasCode('file/io'));
});

test('a file that others may read or write is refused, with the remedy', async () => {
  await writeProxyFile(credential, path);
  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    chmodSync(path, mode);
    await assert.rejects(readProxyFile(path), (error) => {
      return isLatchkeyError(error, 'file/unsafe') && error.hint === `chmod 600 ${path}`;
    });
  }
  chmodSync(path, 0o400);
  await readProxyFile(path);
});

test('what is missing, too long or no file is refused', async () => {
  await assert.rejects(readProxyFile(path), hasCode('x509/credential-missing'));
  writeFileSync(path, Buffer.alloc((1 << 20) + 1), { mode: 0o600 });
  await assert.rejects(readProxyFile(path), hasCode('file/unsafe'));
  await assert.rejects(readProxyFile(join(path, '..')), hasCode('file/unsafe'));
  await assert.rejects(readProxyFile(join(path, 'below')), hasCode('file/io'));
});

test('one’s own link is followed, to a file that passes the same checks', async () => {
  const target = join(path, '..', 'target');
  await writeProxyFile(credential, target);
  symlinkSync(target, path);
  assert.equal((await readProxyFile(path)).chain.length, 2);
  chmodSync(target, 0o644);
  await assert.rejects(readProxyFile(path), hasCode('file/unsafe'));
});

test('another user’s file or link is refused', { skip: !isRoot && 'only root can make one' }, async () => {
  const target = join(path, '..', 'target');
  await writeProxyFile(credential, target);
  symlinkSync(target, path);
  lchownSync(path, 12_345, 12_345);
  await assert.rejects(readProxyFile(path), /symbolic link of another user \(uid 12345\)/);
  chownSync(target, 12_345, 12_345);
  await assert.rejects(readPrivateFile(target), /belongs to another user \(uid 12345\)/);
  assert.equal((await readProxyFile(target)).chain.length, 2, 'root may name it');
});
