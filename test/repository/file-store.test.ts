import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import {
  createEnvelope,
  FileStore,
  type FileStoreOptions,
  type StoredCredential,
  type StoreFinding,
} from '../../src/repository/index.ts';
import { workspace } from '../support/workspace.ts';

const pem = (mark: string) => new Secret(`-----BEGIN CERTIFICATE-----\n${mark}\n-----END CERTIFICATE-----\n`);
const jane: StoredCredential = {
  username: 'jane',
  owner: '/O=Grid/CN=Jane',
  maxLifetimeSeconds: 3600,
  pem: pem('one'),
};

async function openStore(t: TestContext, options: FileStoreOptions = {}, directory = storeDirectory(t)) {
  const findings: StoreFinding[] = [];
  const store = await FileStore.open(directory, {
    onFinding: (finding) => findings.push(finding),
    ...options,
  });
  t.after(() => store.close());
  const file = (name: string) => join(directory, name);
  return { store, directory, findings, file };
}

function storeDirectory(t: TestContext): string {
  const directory = join(workspace(t), 'store');
  mkdirSync(directory, { mode: 0o700 });
  return directory;
}

async function labels(store: FileStore, username?: string): Promise<string[]> {
  const all: string[] = [];
  for await (const { username: user, name } of store.list(username))
    all.push(name === undefined ? user : `${user} ${name}`);
  return all;
}

test('a directory that is missing, open to others or no directory is refused in the words of the C server', async (t) => {
  const directory = join(workspace(t), 'store');
  const refused = (text: RegExp) => (error: unknown) =>
    isLatchkeyError(error, 'repository/unusable') && text.test(error.message) && error.hint !== undefined;
  await assert.rejects(FileStore.open(directory), refused(/could not stat directory/));
  const store = await FileStore.open(directory, { create: true });
  await store.close();
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  chmodSync(directory, 0o750);
  await assert.rejects(FileStore.open(directory), refused(/^permissions on .* must be 0700$/));
  if (process.geteuid?.() !== 0) await assert.rejects(FileStore.open('/'), refused(/^\/ not owned by /));
});

test('what is written is read, replaced, locked and removed', async (t) => {
  const { store, file, directory } = await openStore(t);
  assert.equal(await store.read(jane), undefined);
  await store.write({ ...jane, description: 'd', renewers: '*', lockMessage: 'no' });
  assert.deepEqual(
    { ...(await store.read(jane)), pem: 0 },
    { ...jane, description: 'd', renewers: '*', lockMessage: 'no', pem: 0 },
  );
  assert.equal(
    readFileSync(file('jane.data'), 'utf8'),
    'OWNER=/O=Grid/CN=Jane\nLIFETIME=3600\nDESCRIPTION=d\nRENEWERS=*\nUSERNAME=jane\nEND_OPTIONS\n',
  );
  await store.write({ ...jane, pem: pem('two') });
  const second = await store.read(jane);
  assert.deepEqual([second?.pem.revealText(), second?.lockMessage], [pem('two').revealText(), undefined]);
  assert.equal(await store.setLock(jane, 'gone'), true);
  assert.equal((await store.read(jane))?.lockMessage, 'gone');
  assert.equal(await store.setLock(jane, undefined), true);
  assert.equal((await store.read(jane))?.lockMessage, undefined);
  assert.equal(await store.setLock({ username: 'nobody' }, 'x'), false);
  assert.equal(await store.remove(jane), true);
  assert.equal(await store.remove(jane), false);
  assert.equal(await store.read(jane), undefined);
  assert.deepEqual(
    readdirSync(directory).filter((name) => !name.endsWith('.owner')),
    [],
  );
});

test('writing may depend on what is there, and then leaves a lock alone', async (t) => {
  const { store } = await openStore(t);
  assert.equal(await store.write(jane, { replacing: jane }), false);
  assert.equal(await store.write(jane, { replacing: 'nothing' }), true);
  assert.equal(await store.write({ ...jane, pem: pem('x') }, { replacing: 'nothing' }), false);
  const before = await store.read(jane);
  await store.setLock(jane, 'gone');
  assert.equal(await store.write({ ...jane, pem: pem('two') }, { replacing: before }), true);
  assert.equal((await store.read(jane))?.lockMessage, 'gone');
  assert.equal(await store.write({ ...jane, pem: pem('three') }, { replacing: before }), false);
  assert.equal((await store.read(jane))?.pem.revealText(), pem('two').revealText());
});

test('two names with the same files find the same credential, but do not overwrite each other', async (t) => {
  const { store } = await openStore(t);
  await store.write({ ...jane, username: 'a', name: 'b' });
  const found = await store.read({ username: 'a-b' });
  assert.deepEqual([found?.username, found?.name], ['a', 'b']);
  const collision = (error: unknown) => isLatchkeyError(error, 'repository/name-collision');
  await assert.rejects(store.write({ ...jane, username: 'a-b' }), collision);
  await store.write({ ...jane, username: 'a', name: 'b', pem: pem('two') });
  assert.deepEqual(await labels(store, 'a-b'), []);
  assert.deepEqual(await labels(store, 'a'), ['a b']);
  assert.equal(await store.remove({ username: 'a-b' }), true);
});

test('names and texts that cannot be stored are refused', async (t) => {
  const { store } = await openStore(t);
  const bad = [
    { ...jane, username: '' },
    { ...jane, username: 'a\nOWNER=/CN=b' },
    { ...jane, name: 'a\0' },
    { ...jane, description: 'a\nEND_OPTIONS' },
    { ...jane, owner: '' },
    { ...jane, pem: new Secret('') },
  ];
  for (const credential of bad) {
    await assert.rejects(store.write(credential), (error) =>
      isLatchkeyError(error, 'repository/data-malformed'),
    );
  }
  assert.equal(await store.read({ username: 'a\0' }), undefined);
  assert.equal(await store.remove({ username: '' }), false);
  assert.deepEqual(await labels(store, '../jane'), []);
});

test('a listing has the default credential first, and skips what is none', async (t) => {
  const { store, file, findings } = await openStore(t);
  const long = 'u'.repeat(100);
  for (const name of ['z', undefined, 'b']) await store.write({ ...jane, name });
  await store.write({ ...jane, username: long, name: 'n' });
  await store.write({ ...jane, username: 'janet' });
  writeFileSync(file('broken.data'), 'OWNER=/CN=x\nNONSENSE\n');
  writeFileSync(file('broken.creds'), 'x');
  writeFileSync(file('half.data'), 'OWNER=/CN=x\nLIFETIME=0\nEND_OPTIONS\n');
  mkdirSync(file('folder.data'));
  writeFileSync(file('folder.creds'), 'x');
  writeFileSync(file('old-style.data'), 'OWNER=/CN=x\nPASSPHRASE=xx\nLIFETIME=5\nNAME=style\nEND_OPTIONS\n');
  writeFileSync(file('old-style.creds'), 'x');
  assert.deepEqual(await labels(store, 'jane'), ['jane', 'jane b', 'jane z']);
  assert.deepEqual(await labels(store, long), [`${long} n`]);
  assert.equal(findings.length, 0);
  assert.deepEqual(
    (await labels(store)).sort(),
    ['jane', 'jane b', 'jane z', 'janet', 'old style', `${long} n`].sort(),
  );
  assert.deepEqual(findings.map((finding) => finding.file).sort(), ['broken.data', 'folder.data']);
  await assert.rejects(store.read({ username: 'broken' }), (error) =>
    isLatchkeyError(error, 'repository/data-malformed'),
  );
  assert.deepEqual(
    { ...(await store.read({ username: 'old', name: 'style' })), pem: 0 },
    { username: 'old', name: 'style', owner: '/CN=x', maxLifetimeSeconds: 5, pem: 0 },
  );
});

test('a credential that did not change is the same object; every change by hand is noticed', async (t) => {
  const { store, file } = await openStore(t);
  await store.write(jane);
  const hourAgo = new Date(Date.now() - 3_600_000);
  const first = await store.read(jane);
  assert.equal(await store.read(jane), first);
  await store.write({ ...jane, username: 'other' });
  assert.equal(await store.read(jane), first);
  const data = readFileSync(file('jane.data'), 'utf8');
  writeFileSync(file('jane.data'), data.replace('LIFETIME=3600', 'LIFETIME=1800'));
  assert.equal((await store.read(jane))?.maxLifetimeSeconds, 1800);
  writeFileSync(file('jane.creds'), 'in place');
  utimesSync(file('jane.creds'), hourAgo, hourAgo);
  assert.equal((await store.read(jane))?.pem.revealText(), 'in place');
  writeFileSync(file('jane.lock'), 'locked by the C tool');
  assert.equal((await store.read(jane))?.lockMessage, 'locked by the C tool');
  rmSync(file('jane.lock'));
  assert.equal((await store.read(jane))?.lockMessage, undefined);
  rmSync(file('jane.data'));
  assert.equal(await store.read(jane), undefined);
});

test('several stores on one directory take turns, and readers never see a mixture', async (t) => {
  const { store, directory, findings } = await openStore(t);
  const others = await Promise.all([1, 2].map(() => openStore(t, {}, directory)));
  const stores = [store, ...others.map((other) => other.store)];
  await store.write({ ...jane, description: '0', pem: pem('0') });
  let isDone = false;
  let seen = 0;
  const watch = async () => {
    while (!isDone) {
      for (const each of stores) {
        const credential = await each.read(jane);
        assert.equal(credential?.pem.revealText(), pem(credential?.description ?? '').revealText());
        seen += 1;
      }
    }
  };
  const watching = watch();
  const write = async (each: FileStore, offset: number) => {
    // Readers may have to wait for writers: write on until enough was read in between.
    for (let round = 0; round < 15 || (seen < 20 && round < 1000); round += 1) {
      const mark = String(offset + round);
      await each.write({ ...jane, description: mark, pem: pem(mark) });
    }
  };
  await Promise.all(stores.map((each, index) => write(each, index * 1000 + 1)));
  isDone = true;
  await watching;
  assert.ok(seen >= 20, `${seen} reads`);
  assert.equal(findings.length, 0);
});

/** A directory in which a writer of `credential` was killed after `done` of its renames. */
async function interrupted(t: TestContext, done: number) {
  const directory = storeDirectory(t);
  const first = await FileStore.open(directory);
  await first.write(jane);
  await first.close();
  const file = (name: string) => join(directory, name);
  const stamp = (name: string) => {
    const { ino, size, mtimeNs } = statSync(file(name), { bigint: true });
    return `${ino}:${size}:${mtimeNs}`;
  };
  const steps = [
    { file: 'jane.data', staged: '.latchkey-00000000000000aa.01.tmp', before: stamp('jane.data') },
    { file: 'jane.creds', staged: '.latchkey-00000000000000aa.02.tmp', before: stamp('jane.creds') },
  ];
  writeFileSync(
    file('.latchkey-00000000000000aa.01.tmp'),
    'OWNER=/CN=new\nLIFETIME=1\nUSERNAME=jane\nEND_OPTIONS\n',
  );
  writeFileSync(file('.latchkey-00000000000000aa.02.tmp'), 'new');
  writeFileSync(file('.latchkey-journal'), JSON.stringify({ version: 1, steps }));
  for (const step of steps.slice(0, done)) renameSync(file(step.staged), file(step.file));
  return { directory, file };
}

test('what a killed writer had begun is finished by whoever comes next', async (t) => {
  for (const done of [0, 1, 2]) {
    const { directory } = await interrupted(t, done);
    const { store, findings } = await openStore(t, {}, directory);
    const credential = await store.read(jane);
    assert.deepEqual([credential?.owner, credential?.pem.revealText()], ['/CN=new', 'new']);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['repository/journal-finished'],
    );
    assert.deepEqual(
      readdirSync(directory)
        .filter((name) => !name.endsWith('.owner'))
        .sort(),
      ['jane.creds', 'jane.data'],
    );
  }
});

test('a reader that was open before finishes it too', async (t) => {
  const { directory, file } = await interrupted(t, 1);
  renameSync(file('.latchkey-journal'), file('.latchkey-aside'));
  const { store } = await openStore(t, {}, directory);
  writeFileSync(file('.latchkey-00000000000000aa.02.tmp'), 'new');
  renameSync(file('.latchkey-aside'), file('.latchkey-journal'));
  assert.equal((await store.read(jane))?.pem.revealText(), 'new');
});

test('what another program wrote since is not overwritten', async (t) => {
  const { directory, file } = await interrupted(t, 0);
  rmSync(file('jane.data'));
  rmSync(file('jane.creds'));
  writeFileSync(file('jane.data'), 'OWNER=/CN=foreign\nLIFETIME=1\nUSERNAME=jane\nEND_OPTIONS\n');
  writeFileSync(file('jane.creds'), 'foreign');
  const { store, findings } = await openStore(t, {}, directory);
  assert.equal((await store.read(jane))?.owner, '/CN=foreign');
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['repository/journal-dropped'],
  );
});

test('an unreadable journal is set aside, and one that points elsewhere too', async (t) => {
  for (const text of ['', '{"version":1,"steps":[{"file":"../x"}]}', '{"version":2,"steps":[]}']) {
    const directory = storeDirectory(t);
    writeFileSync(join(directory, '.latchkey-journal'), text);
    const { findings } = await openStore(t, {}, directory);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['repository/journal-unreadable'],
    );
  }
});

test('under an envelope, files cannot be swapped between users; old files are read and enveloped when written', async (t) => {
  const directory = storeDirectory(t);
  const plain = await openStore(t, {}, directory);
  await plain.store.write(jane);
  const key = new Secret(Buffer.alloc(32, 7));
  const { store, file } = await openStore(t, { envelope: createEnvelope([key]) }, directory);
  assert.ok((await store.read(jane))?.pem.equals(jane.pem));
  await store.write(jane);
  await store.write({ ...jane, username: 'mallory', owner: '/CN=Mallory' });
  assert.match(readFileSync(file('jane.creds'), 'utf8'), /^-----BEGIN LATCHKEY SEALED CREDENTIAL-----/);
  assert.ok((await store.read(jane))?.pem.equals(jane.pem));
  const refusal = (error: unknown) =>
    isLatchkeyError(error, 'repository/envelope') && error.hint !== undefined;
  await assert.rejects(plain.store.read(jane), refusal);
  renameSync(file('jane.creds'), file('mallory.creds'));
  await assert.rejects(store.read({ username: 'mallory' }), refusal);
});

test('a lock of a process that ended does not stop anybody, nor does its litter stay', async (t) => {
  const directory = storeDirectory(t);
  const dead = {
    nonce: '00000000000000dd',
    pid: 2 ** 22 + 1,
    started: '1',
    host: 'h',
    boot: '',
    namespace: '',
  };
  const { store: first } = await openStore(t, {}, directory);
  const owner = readdirSync(directory).find((name) => name.endsWith('.owner')) ?? '';
  const alive = JSON.parse(readFileSync(join(directory, owner), 'utf8')) as Record<string, unknown>;
  const ended = JSON.stringify({
    ...alive,
    ...dead,
    boot: alive.boot,
    namespace: alive.namespace,
    host: alive.host,
  });
  for (const name of ['.latchkey-00000000000000dd.owner', '.latchkey-lock']) {
    writeFileSync(join(directory, name), ended);
  }
  const breaker = ended.replaceAll('00000000000000dd', '00000000000000de');
  writeFileSync(join(directory, '.latchkey-break-00000000000000dd'), breaker);
  writeFileSync(join(directory, '.latchkey-00000000000000dd.0123.tmp'), 'secret');
  await first.write(jane);
  const { store: second } = await openStore(t, {}, directory);
  assert.ok((await second.read(jane)) !== undefined);
  const litter = readdirSync(directory).filter((name) => /0{14}dd\.|lock$|break|tmp$/.test(name));
  assert.deepEqual(litter, []);
});
