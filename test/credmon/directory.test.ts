import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { prepareFile } from '../../src/credmon/directory-durable.ts';
import { inUserDirectory } from '../../src/credmon/directory-files.ts';
import {
  type CredentialDirectory,
  DirectoryScan,
  openCredentialDirectory,
  sweepLeftovers,
} from '../../src/credmon/index.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { localProvider, modeOf, startTestCredmon, until } from '../support/credential-directory.ts';
import { workspace } from '../support/workspace.ts';

async function makeDirectory(t: TestContext): Promise<CredentialDirectory> {
  const path = join(workspace(t), 'D');
  return openCredentialDirectory(path);
}

test('made 2770 when absent; refused with any bit for others, or when it is no directory', async (t) => {
  const { path } = await makeDirectory(t);
  assert.equal(modeOf(path), '2770');
  for (const bit of [0o001, 0o002, 0o004]) {
    chmodSync(path, 0o2770 | bit);
    await assert.rejects(openCredentialDirectory(path), (error) =>
      isLatchkeyError(error, 'credmon/directory-unsafe'),
    );
  }
  symlinkSync(path, `${path}.link`);
  await assert.rejects(openCredentialDirectory(`${path}.link`));
});

test('a user’s files: written whole, 0400, through no link', async (t) => {
  const directory = await makeDirectory(t);
  mkdirSync(join(directory.path, 'alice'));
  const outside = join(directory.path, '..', 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(directory.path, 'mallory'));
  assert.equal(
    inUserDirectory(directory, 'mallory', () => true),
    undefined,
  );
  for (const name of ['..', '.', '', 'a/b', 'nobody'])
    assert.equal(
      inUserDirectory(directory, name, () => true),
      undefined,
      name,
    );
  writeFileSync(join(outside, 'victim'), 'before');
  const alice = join(directory.path, 'alice');
  symlinkSync(join(outside, 'victim'), join(alice, 'a.use'));
  symlinkSync(join(outside, 'victim'), join(alice, '.a.use.latchkey'));
  inUserDirectory(directory, 'alice', (opened) => {
    assert.equal(opened.read('a.use'), undefined);
    opened.write('a.use', 'after');
    assert.equal(opened.read('a.use')?.bytes.toString(), 'after');
  });
  assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'before');
  assert.equal(modeOf(join(alice, 'a.use')), '400');
  assert.deepEqual(readdirSync(alice), ['a.use']);
});

test('a prepared file gives way to what others wrote meanwhile, and leaves nothing behind', async (t) => {
  const directory = await makeDirectory(t);
  const alice = join(directory.path, 'alice');
  mkdirSync(alice);
  writeFileSync(join(alice, 'a.top'), 'one');
  const { ino, mtimeMs, ctimeMs, size } = lstatSync(join(alice, 'a.top'));
  const stamp = { ino, mtimeMs, ctimeMs, size };
  const first = await prepareFile(directory, 'alice', 'a.top', 100);
  assert.deepEqual(readdirSync(alice).sort(), ['.a.top.latchkey', 'a.top']);
  writeFileSync(join(alice, 'other'), 'two');
  renameSync(join(alice, 'other'), join(alice, 'a.top'));
  assert.equal((await first.commit(Buffer.from('mine'), stamp)).result, 'replaced');
  await first.close();
  assert.equal(readFileSync(join(alice, 'a.top'), 'utf8'), 'two');
  rmSync(join(alice, 'a.top'));
  const second = await prepareFile(directory, 'alice', 'a.top', 100);
  assert.equal((await second.commit(Buffer.from('mine'), stamp)).result, 'deleted');
  await second.close();
  const third = await prepareFile(directory, 'alice', 'a.top', 100);
  assert.equal((await third.commit(Buffer.from('mine'))).result, 'written');
  await third.close();
  assert.deepEqual(readdirSync(alice), ['a.top']);
  assert.equal(readFileSync(join(alice, 'a.top'), 'utf8'), 'mine');
});

test('leftovers: request files after 12 hours, upstream’s temporary files, and nothing else', async (t) => {
  const directory = await makeDirectory(t);
  const at = (name: string): string => join(directory.path, name);
  const key = 'a'.repeat(64);
  for (const name of [key, 'tmpabc123_x', 'README.credentials', 'alice.mark', 'tmp', 'A'.repeat(64)])
    writeFileSync(at(name), '');
  mkdirSync(at('b'.repeat(64)));
  const hours = (count: number): Date => new Date(Date.now() + count * 3_600_000);
  assert.deepEqual(await sweepLeftovers(directory, hours(0.5)), []);
  assert.deepEqual(await sweepLeftovers(directory, hours(11.9)), ['tmpabc123_x']);
  assert.deepEqual(await sweepLeftovers(directory, hours(12.1)), [key]);
  assert.equal(readdirSync(directory.path).length, 5);
});

test('a pass sees what changed, also within the grain of the kernel’s clock, and users that went', async (t) => {
  const directory = await makeDirectory(t);
  const seen: string[] = [];
  const scan = new DirectoryScan(directory, {
    found: ({ user }, stems) => seen.push(`${user}:${stems.map(({ stem }) => stem).sort()}`),
    gone: (user) => seen.push(`${user} gone`),
    failed: (user, error) => assert.fail(`${user}: ${error}`),
  });
  const { signal } = new AbortController();
  const pass = async (): Promise<string[]> => {
    seen.length = 0;
    assert.equal(await scan.pass({ every: false, signal }), true);
    return seen.sort();
  };
  const alice = join(directory.path, 'alice');
  mkdirSync(alice);
  for (let count = 1; count <= 50; count += 1) {
    writeFileSync(join(alice, `s${count}.top`), '');
    const [found = ''] = await pass();
    assert.equal(found.split(',').length, count, 'a change right after a look is seen');
  }
  mkdirSync(join(directory.path, 'bob'));
  const long = new Date(Date.now() - 10_000);
  for (const name of ['alice', 'bob']) utimesSync(join(directory.path, name), long, long);
  utimesSync(directory.path, long, long);
  await pass();
  assert.deepEqual(await pass(), [], 'nothing changed: nothing is looked into');
  rmSync(alice, { recursive: true });
  assert.deepEqual(await pass(), ['alice gone']);
});

test('the credential directory taken away is no news of users', async (t) => {
  const directory = await makeDirectory(t);
  mkdirSync(join(directory.path, 'alice'));
  const gone: string[] = [];
  const scan = new DirectoryScan(directory, {
    found: () => {},
    gone: (user) => gone.push(user),
    failed: () => {},
  });
  const { signal } = new AbortController();
  await scan.pass({ every: true, signal });
  renameSync(directory.path, `${directory.path}.away`);
  mkdirSync(directory.path);
  await assert.rejects(scan.pass({ every: true, signal }), (error) =>
    isLatchkeyError(error, 'credmon/directory-lost'),
  );
  assert.deepEqual(gone, []);
});

test('what we wrote ourselves is not looked into again; what came before it is', async (t) => {
  const directory = await makeDirectory(t);
  const alice = join(directory.path, 'alice');
  mkdirSync(alice);
  writeFileSync(join(alice, 'one.top'), '');
  const long = new Date(Date.now() - 10_000);
  utimesSync(alice, long, long);
  const seen: string[] = [];
  const scan = new DirectoryScan(directory, {
    found: (_opened, stems) => seen.push(stems.map(({ stem }) => stem).join()),
    gone: () => {},
    failed: (_user, error) => assert.fail(String(error)),
  });
  const { signal } = new AbortController();
  const writeOurs = (): void => {
    inUserDirectory(directory, 'alice', (opened) => {
      opened.write('one.use', 'token');
      scan.changedByUs('alice', { before: opened.stats, after: opened.statsNow() });
    });
  };
  await scan.pass({ every: true, signal });
  writeOurs();
  await scan.pass({ every: false, signal });
  assert.deepEqual(seen, ['one']);
  writeFileSync(join(alice, 'two.top'), '');
  writeOurs();
  await scan.pass({ every: false, signal });
  assert.deepEqual(seen, ['one', 'one,two']);
});

test('a denied user gets an empty token, the log says why, and a group map that names them mends it', async (t) => {
  let map = '';
  const credmon = await startTestCredmon(t, async (base) => {
    map = join(base, 'groups');
    writeFileSync(map, '* bob physics\n');
    return [await localProvider(base, { groupMapFile: map, groupRequirement: 'physics' })];
  });
  const { running, put, pathOf } = credmon;
  put('alice', 'scitokens.top', 'alice@foo');
  put('bob', 'scitokens.top', 'bob@foo');
  await running.wake();
  const use = pathOf('alice', 'scitokens.use');
  await until(() => existsSync(use) && existsSync(pathOf('bob', 'scitokens.use')));
  assert.equal(JSON.parse(readFileSync(use, 'utf8')).access_token, '');
  const status = await until(() => running.keeper.status('alice/scitokens')?.lastError);
  assert.equal(status.code, 'credmon/denied');
  assert.ok(credmon.lines.some((line) => /LOCAL: Could not renew alice\/scitokens.*physics/.test(line)));
  assert.notEqual(JSON.parse(readFileSync(pathOf('bob', 'scitokens.use'), 'utf8')).access_token, '');

  writeFileSync(map, '* bob physics\n* alice physics,chemistry\n');
  await until(async () => {
    await running.wake();
    return JSON.parse(readFileSync(use, 'utf8')).access_token !== '';
  });
});

test('a key that was missing is used as soon as it is there and somebody waits', async (t) => {
  let key = '';
  const { running, put, pathOf } = await startTestCredmon(t, async (base) => {
    const provider = await localProvider(base);
    key = provider.privateKeyFile;
    renameSync(key, `${key}.away`);
    return [provider];
  });
  put('alice', 'scitokens.top', 'alice@foo');
  await running.wake();
  await until(() => (running.keeper.status('alice/scitokens')?.failures ?? 0) > 0);
  renameSync(`${key}.away`, key);
  await until(async () => {
    await running.wake();
    return existsSync(pathOf('alice', 'scitokens.use'));
  });
});

test('whatever lies in the directory, the neighbours are served', async (t) => {
  const { running, put, path, pathOf } = await startTestCredmon(t, async (base) => [
    await localProvider(base),
  ]);
  const name = fc.oneof(
    fc.constantFrom(
      'scitokens',
      'scitokens_',
      'scitokens_h',
      '.',
      '..',
      '.scitokens',
      'x'.repeat(250),
      'tmpabcdefgh',
    ),
    fc
      .string({ minLength: 1, maxLength: 20 })
      .filter((text) => !/[\0/]/.test(text) && text !== '.' && text !== '..'),
  );
  const suffix = fc.constantFrom('.top', '.use', '.meta', '.mark', '', '.top.tmp');
  const kind = fc.constantFrom('file', 'directory', 'link', 'loop', 'unreadable', 'huge');
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, suffix, kind, fc.string()), { maxLength: 8 }), async (junk) => {
      round += 1;
      const user = `user${round}`;
      mkdirSync(join(path, user), { mode: 0o700 });
      for (const [stem, end, what, text] of junk) place(join(path, user, `${stem}${end}`), what, text);
      put(`neighbour${round}`, 'scitokens.top', 'x@foo');
      await running.wake();
      await until(() => existsSync(pathOf(`neighbour${round}`, 'scitokens.use')));
      rmSync(join(path, user), { recursive: true, force: true });
    }),
    { seed: 7, numRuns: 40 },
  );
});

function place(path: string, what: string, text: string): void {
  try {
    if (what === 'directory') mkdirSync(path);
    else if (what === 'link') symlinkSync('/etc/passwd', path);
    else if (what === 'loop') symlinkSync(path, path);
    else
      writeFileSync(path, what === 'huge' ? 'x'.repeat(2 << 20) : text, {
        mode: what === 'unreadable' ? 0 : 0o600,
      });
  } catch {
    // Names that are taken, or too long.
  }
}

test('users whose directories come and go while passes run', async (t) => {
  const { running, put, path } = await startTestCredmon(t, async (base) => [await localProvider(base)]);
  for (let round = 0; round < 5; round += 1) {
    for (let user = 0; user < 40; user += 1) put(`u${user}`, 'scitokens.top', 'x');
    const woken = running.wake();
    for (let user = 0; user < 40; user += 2) rmSync(join(path, `u${user}`), { recursive: true, force: true });
    await woken;
  }
  await until(async () => {
    await running.wake();
    return running.keeper.size === 20;
  }, 'the leases of those that are there');
  for (let user = 1; user < 40; user += 2)
    await until(() => existsSync(join(path, `u${user}`, 'scitokens.use')));
  for (let user = 0; user < 40; user += 2) assert.ok(!existsSync(join(path, `u${user}`, 'scitokens.use')));
});

test('nobody signals: a directory that is taken away and made again is still watched', async (t) => {
  const { running, path, put } = await startTestCredmon(t, async (base) => [await localProvider(base)]);
  await until(() => running.lastScan);
  for (let round = 0; round < 30; round += 1) {
    const use = join(path, 'alice', 'scitokens.use');
    put('alice', 'scitokens.top', 'x');
    await until(() => existsSync(use), `the token of round ${round}`);
    rmSync(join(path, 'alice'), { recursive: true });
    mkdirSync(join(path, 'alice'), { mode: 0o700 });
    await delay(round % 5);
  }
  assert.equal(running.keeper.size <= 1, true);
});

test('a watch begins before a directory is looked into: what comes in between is seen', async (t) => {
  const directory = await makeDirectory(t);
  mkdirSync(join(directory.path, 'alice'));
  const seen: string[] = [];
  const scan = new DirectoryScan(directory, {
    opened: ({ user }) => writeFileSync(join(directory.path, user, 'scitokens.top'), ''),
    found: (_opened, stems) => seen.push(...stems.map(({ stem }) => stem)),
    gone: () => {},
    failed: (_user, error) => assert.fail(String(error)),
  });
  scan.look('alice');
  assert.deepEqual(seen, ['scitokens']);
});
