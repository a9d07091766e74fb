import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLocal, openSftp } from '../../src/ssh/index.ts';
import { attributes, type Lies, lyingSftp, names, zeros } from '../support/lying-sftp.ts';
import { workspace } from '../support/workspace.ts';
import { rejectsWith } from './file-checks.ts';

const DIRECTORY = 0o40755;
const isDirectory = () => Buffer.concat([Buffer.of(105), attributes(0, DIRECTORY)]);
/** As much as is asked for, for ever. */
const endless: Lies = { read: (body) => zeros(Math.min(body.readUInt32BE(body.length - 4), 32_768)) };

test('a file that has no end is given up at the bound, and nothing of it is left', async (t) => {
  const place = workspace(t);
  const files = await openSftp(lyingSftp(endless));
  const target = join(place, 'target');
  writeFileSync(target, 'old');
  const error = { code: 'ssh/file', reason: 'too-large' };
  await rejectsWith(files.get('x', target, { maxBytes: 5_000_000 }), error);
  await rejectsWith(files.get('x', target, { maxBytes: 9 }), error);
  assert.equal(readFileSync(target, 'utf8'), 'old');
  assert.deepEqual(readdirSync(place), ['target']);
  assert.equal((await files.read('x', { maxBytes: 100_000 })).length, 100_000);
  assert.equal((await files.read('x')).length, 1 << 20);
});

test('a bound that fits is none, and holds on this machine as well', async (t) => {
  const place = workspace(t);
  const [source, target] = [join(place, 'source'), join(place, 'target')];
  writeFileSync(source, '0123456789');
  const { files } = openLocal();
  for (const way of ['put', 'get'] as const) {
    const told: number[] = [];
    const copy = files[way](source, target, { maxBytes: 9, onProgress: (done) => told.push(done) });
    await rejectsWith(copy, { code: 'ssh/file', reason: 'too-large' });
    // What is known to be too large is not even begun.
    assert.deepEqual([existsSync(target), told], [false, []]);
    await files[way](source, target, { maxBytes: 10 });
    assert.equal(readFileSync(target, 'utf8'), '0123456789');
    await files.remove(target);
  }
  await assert.rejects(files.get(source, target, { maxBytes: -1 }), TypeError);
});

test('more bytes than were asked for, and answers of another kind, end the connection', async (t) => {
  const target = join(workspace(t), 'target');
  for (const lies of [
    { read: () => zeros(100_000) },
    { read: () => names({ name: 'x', mode: 0o100644 }) },
    { stat: () => zeros(4) },
    { open: () => zeros(4) },
  ] satisfies Lies[]) {
    const files = await openSftp(lyingSftp(lies));
    await rejectsWith(files.get('x', target), { code: 'ssh/lost' });
    assert.equal(existsSync(target), false);
  }
});

test('names that lead out of a directory are left out, whoever asks', async () => {
  const asked: string[] = [];
  let isTold = false;
  const note = (body: Buffer) => {
    asked.push(body.toString('utf8', 4));
    return Buffer.concat([Buffer.of(101), Buffer.alloc(12)]);
  };
  const files = await openSftp(
    lyingSftp({
      lstat: isDirectory,
      remove: note,
      rmdir: note,
      readdir: () => {
        if (isTold) return Buffer.from('650000000100000000000000'.concat('00'), 'hex').subarray(0, 13);
        isTold = true;
        return names(
          ...['.', '..', '', '/etc/passwd', '../up', 'a/../../b', 'good'].map((name) => ({
            name,
            mode: 0o100644,
          })),
        );
      },
    }),
  );
  await files.remove('tree', { recursive: true });
  assert.deepEqual(asked, ['/home/tree/good', '/home/tree']);
});

test('a tree without bottom and a listing without end are given up', async () => {
  const deep = await openSftp(
    lyingSftp({
      lstat: isDirectory,
      readdir: (() => {
        let n = 0;
        return () => {
          n += 1;
          return n % 5 === 1
            ? names({ name: 'd', mode: DIRECTORY })
            : Buffer.concat([Buffer.of(101), Buffer.from([0, 0, 0, 1]), Buffer.alloc(8)]);
        };
      })(),
    }),
  );
  await assert.rejects(deep.remove('tree', { recursive: true }), /more than 1000 directories/);
  for (const answer of [names(), names({ name: '..', mode: DIRECTORY })]) {
    const files = await openSftp(lyingSftp({ readdir: () => answer }));
    await assert.rejects(files.list('x'), /more than 1000000 names/);
  }
});
