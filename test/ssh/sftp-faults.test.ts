import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { openLocal, openSftp, type RemoteFiles } from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { findSftpServer, openSftpOver } from '../support/sftp-server.ts';
import { workspace } from '../support/workspace.ts';
import { rejectsWith, SOME_BYTES } from './file-checks.ts';

const LONG = Buffer.concat(Array.from({ length: 8 }, () => SOME_BYTES));

for (const way of ['put', 'get'] as const) {
  test(`a server that dies in the middle of ${way} leaves no half file, and the next copy goes on`, async (t) => {
    const server = findSftpServer(t);
    if (server === undefined) return;
    const place = workspace(t);
    const [source, target] = [join(place, 'source'), join(place, 'target')];
    writeFileSync(source, LONG);
    writeFileSync(target, 'old');
    const { files, child } = await openSftpOver(t, [server], { cwd: place });
    const cut = files[way](source, target, {
      resume: true,
      onProgress: (done) => {
        if (done > 9_000_000) child.kill('SIGKILL');
      },
    });
    await rejectsWith(cut, { code: 'ssh/lost' });
    assert.equal(readFileSync(target, 'utf8'), 'old');
    await rejectsWith(files.list('.'), { code: 'ssh/lost' });

    const again = await openSftpOver(t, [server], { cwd: place });
    let first: number | undefined;
    await again.files[way](source, target, {
      resume: true,
      onProgress: (done) => {
        first ??= done;
      },
    });
    assert.ok((first ?? 0) > 9_000_000 - 5_000_000, `began at ${first}`);
    assert.ok(readFileSync(target).equals(LONG));
    assert.deepEqual(readdirSync(place).sort(), ['source', 'target']);
  });
}

/** A small file system of its own: the transport sees it at `inside`, the server at `place`. */
async function onSmallDisk(t: TestContext, size: string) {
  if (process.geteuid?.() !== 0) {
    t.skip('mounting a small file system needs root');
    return undefined;
  }
  const server = findSftpServer(t);
  if (server === undefined || !havePeers(t, 'unshare')) return undefined;
  const place = workspace(t);
  const script = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && exec "$3"';
  const mounted = [
    'unshare',
    '-m',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'sh',
    size,
    place,
    server,
  ];
  const { files, child } = await openSftpOver(t, mounted as [string, ...string[]], { cwd: '/' });
  return { files, place, inside: `/proc/${child.pid}/root${place}` };
}

test('a full disk there is called full, and what was there stays', async (t) => {
  const disk = await onSmallDisk(t, '1m');
  if (disk === undefined) return;
  const { files, place, inside } = disk;
  const source = join(workspace(t), 'source');
  writeFileSync(source, SOME_BYTES);
  const target = join(place, 'target');
  await files.write(target, Buffer.from('old'), { mode: 0o600 });
  const full = { code: 'ssh/file', reason: 'full' };
  await rejectsWith(files.put(source, target), full);
  await rejectsWith(files.put(source, target, { append: true }), full);
  await rejectsWith(files.write(target, SOME_BYTES, { mode: 0o600 }), full);
  assert.deepEqual(readdirSync(inside), ['target']);
  assert.equal(readFileSync(join(inside, 'target'), 'utf8'), 'old');
  await assert.rejects(files.put(source, target), /disk is full, with \d+ bytes left/);
  await files.write(target, Buffer.from('new'), { mode: 0o600 });
  assert.equal(readFileSync(join(inside, 'target'), 'utf8'), 'new');
});

test('a full disk here is called full too, for copies and on this machine', async (t) => {
  const disk = await onSmallDisk(t, '1m');
  if (disk === undefined) return;
  const { files, inside } = disk;
  const source = join(workspace(t), 'source');
  writeFileSync(source, SOME_BYTES);
  const target = join(inside, 'target');
  writeFileSync(target, 'old');
  const local = openLocal().files;
  for (const act of [
    () => files.get(source, target),
    () => local.put(source, target),
    () => local.write(target, SOME_BYTES, { mode: 0o600 }),
    () => local.put(source, target, { append: true }),
  ]) {
    await rejectsWith(act(), { code: 'ssh/file', reason: 'full' });
    assert.deepEqual(readdirSync(inside), ['target']);
    assert.equal(readFileSync(target, 'utf8'), 'old');
  }
});

test('what may not be read or written is denied, and nothing is left', async (t) => {
  const server = findSftpServer(t);
  if (server === undefined) return;
  if (process.geteuid?.() !== 0) return t.skip('becoming another user needs root');
  const place = workspace(t);
  chmodSync(place, 0o755);
  const mine = join(place, 'mine');
  writeFileSync(mine, 'secret', { mode: 0o600 });
  mkdirSync(join(place, 'closed'), { mode: 0o700 });
  const { files } = await openSftpOver(t, [server], { cwd: '/', uid: 65_534 });
  const denied = { code: 'ssh/file', reason: 'denied' };
  await rejectsWith(files.read(mine), denied);
  await rejectsWith(files.get(mine, join(place, 'copy')), denied);
  await rejectsWith(files.put(mine, join(place, 'copy')), denied);
  await rejectsWith(files.put(mine, mine, { append: true }), denied);
  await rejectsWith(files.write(join(place, 'new'), Buffer.from('x'), { mode: 0o600 }), denied);
  await rejectsWith(files.remove(mine), denied);
  await rejectsWith(files.remove(place, { recursive: true }), denied);
  await rejectsWith(files.list(join(place, 'closed')), denied);
  await rejectsWith(files.status(join(place, 'closed', 'x')), denied);
  await rejectsWith(files.makeDirectory(join(place, 'a', 'b'), { mode: 0o700 }), denied);
  await rejectsWith(files.rename(mine, join(place, 'yours')), denied);
  assert.deepEqual(readdirSync(place).sort(), ['closed', 'mine']);
});

test('a copy from a frozen server can be cancelled', async (t) => {
  const server = findSftpServer(t);
  if (server === undefined) return;
  const place = workspace(t);
  writeFileSync(join(place, 'source'), LONG);
  for (const way of ['put', 'get'] as const) {
    const { files, child } = await openSftpOver(t, [server], { cwd: place });
    const controller = new AbortController();
    const copy = files[way](join(place, 'source'), join(place, 'target'), {
      signal: controller.signal,
      onProgress: () => {
        child.kill('SIGSTOP');
        setImmediate(() => controller.abort());
      },
    });
    await rejectsWith(copy, { code: 'ssh/file' });
    assert.equal(existsSync(join(place, 'target')), false);
    child.kill('SIGCONT');
  }
});

test('a pipe there does not stop the server', async (t) => {
  const server = findSftpServer(t);
  if (server === undefined) return;
  const place = workspace(t);
  execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(place, 'pipe')]);
  const { files } = await openSftpOver(t, [server], { cwd: place });
  await rejectsWith(files.read('pipe'), { code: 'ssh/file' });
  await rejectsWith(files.get('pipe', join(place, 'x')), { code: 'ssh/file' });
  assert.deepEqual(await files.list('.'), ['pipe']);
});

test('names that are no UTF-8 are removed with their tree', async (t) => {
  const server = findSftpServer(t);
  if (server === undefined) return;
  const place = workspace(t);
  const odd = Buffer.concat([Buffer.from(join(place, 'tree/')), Buffer.of(0xff, 0xfe)]);
  mkdirSync(join(place, 'tree'));
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from('/x'), Buffer.of(0xc3)]), '');
  const { files } = await openSftpOver(t, [server], { cwd: place });
  await files.remove('tree', { recursive: true });
  assert.deepEqual(readdirSync(place), []);
});

test('what somebody put in the place of an unfinished copy is not written through', async (t) => {
  const server = findSftpServer(t);
  if (server === undefined) return;
  const place = workspace(t);
  const { files } = await openSftpOver(t, [server], { cwd: place });
  writeFileSync(join(place, 'source'), 'new');
  writeFileSync(join(place, 'precious'), 'x');
  for (const [each, way] of [
    [files, 'put'],
    [files, 'get'],
    [openLocal().files, 'put'],
  ] as const) {
    symlinkSync(join(place, 'precious'), join(place, '.target.latchkey-part'));
    const copy = each[way](join(place, 'source'), join(place, 'target'), { resume: true });
    await copy.catch(() => execFileSync('rm', [join(place, '.target.latchkey-part')]));
    assert.equal(readFileSync(join(place, 'precious'), 'utf8'), 'x');
    assert.equal(statSync(join(place, 'precious')).size, 1);
  }
});

test('many requests at once are answered each', async (t) => {
  const server = findSftpServer(t);
  if (server === undefined) return;
  const place = workspace(t);
  const { files } = await openSftpOver(t, [server], { cwd: place });
  const names = Array.from({ length: 300 }, (_, n) => `file ${n}`);
  await Promise.all(names.map((name) => files.write(name, Buffer.from(name), { mode: 0o600 })));
  const read = await Promise.all(names.map(async (name) => (await files.read(name)).toString()));
  assert.deepEqual(read, names);
});

/** A server that answers with the given bytes (hexadecimal, as the draft has them), one after each request. */
function scripted(...answers: readonly string[]) {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const left = [...answers];
  stdin.on('data', () => {
    const next = left.shift();
    if (next !== undefined) stdout.write(Buffer.from(next, 'hex'));
  });
  return { stdin, stdout };
}

const VERSION_3 = '000000050200000003';
/** `/` for the question where the server begins. */
const HOME = '00000017680000000100000001000000012f000000012f00000000';

test('what is no sftp server is told as a lost connection', async () => {
  const garbage = {
    text: Buffer.from('Last login: never\n').toString('hex'),
    'a version before 3': '000000050200000002',
    'another packet': '0000000567000000ff',
    'an answer to nobody': `${VERSION_3}000000116500000099000000000000000000000000`,
    'an unknown packet': `${VERSION_3}000000054d00000001`,
  };
  for (const [name, bytes] of Object.entries(garbage))
    await assert.rejects(openSftp(scripted(bytes)), { code: 'ssh/lost' }, name);
  const over = scripted();
  over.stdout.end();
  await assert.rejects(openSftp(over), { code: 'ssh/lost', retryable: true });
});

test('garbage in the middle ends everything that waits', async () => {
  const streams = scripted(VERSION_3, HOME, `${'ff'.repeat(20)}`);
  const files: RemoteFiles = await openSftp(streams);
  const outcomes = await Promise.allSettled([files.status('a'), files.list('b'), files.read('c')]);
  for (const outcome of outcomes)
    assert.equal(outcome.status === 'rejected' && (outcome.reason as { code: string }).code, 'ssh/lost');
  await assert.rejects(files.status('a'), { code: 'ssh/lost', details: { ran: 'no' } });
});
