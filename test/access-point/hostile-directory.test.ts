// What can lie or happen in a credential directory besides what should: links, odd names, junk, and directories that
// vanish while they are looked at. The monitor serves everybody else, and touches nothing that is not its own.
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { type MonitoredPool, startMonitoredPool } from './monitored-pool.ts';
import { readJwt } from './read-jwt.ts';
import { removeTree } from './remove-tree.ts';
import { eventually } from './waiting.ts';

/** Two wakes and an answered submit between them: whatever the monitor does with what lies there, it has done. */
async function serveAnother(pool: MonitoredPool, user: string): Promise<void> {
  pool.wake();
  for (const name of [user, `${user}2`]) {
    const { exitCode, stderr } = await pool.submit(name, 'use_oauth_services = scitokens\nqueue');
    assert.equal(exitCode, 0, stderr);
    assert.equal(readJwt(pool.useFile(name).members.access_token).claims.sub, name);
  }
}

test('links: a user that is a link, a .top that is a link, a .use that is a link, hard links', async (t) => {
  const pool = await startMonitoredPool(t);
  const { directory } = pool.pool;
  const outside = join(pool.base, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'scitokens.top'), 'x');
  writeFileSync(join(outside, 'precious'), 'untouched', { mode: 0o644 });
  symlinkSync(outside, join(directory, 'linked'));

  pool.credd.makeUserDirectory('victim');
  symlinkSync(join(outside, 'precious'), pool.credd.path('victim', 'scitokens.use'));
  writeFileSync(pool.credd.path('victim', 'scitokens.top'), 'x', { mode: 0o600 });

  pool.credd.makeUserDirectory('dangling');
  symlinkSync(join(outside, 'created'), pool.credd.path('dangling', 'scitokens.use'));
  writeFileSync(pool.credd.path('dangling', 'scitokens.top'), 'x', { mode: 0o600 });

  pool.credd.makeUserDirectory('hard');
  linkSync(join(outside, 'precious'), pool.credd.path('hard', 'scitokens.use'));
  writeFileSync(pool.credd.path('hard', 'scitokens.top'), 'x', { mode: 0o600 });

  pool.credd.makeUserDirectory('soft');
  symlinkSync(join(outside, 'scitokens.top'), pool.credd.path('soft', 'scitokens.top'));

  symlinkSync('/proc/self', join(directory, 'proc'));
  symlinkSync('loop', join(directory, 'loop'));
  symlinkSync(outside, join(directory, 'f'.repeat(64)));
  await serveAnother(pool, 'bob');
  assert.deepEqual(
    readdirSync(outside).sort(),
    ['precious', 'scitokens.top'],
    'nothing written through a link',
  );
  assert.equal(readFileSync(join(outside, 'precious'), 'utf8'), 'untouched');
  assert.equal(statSync(join(outside, 'precious')).mode & 0o777, 0o644);
  assert.equal(lstatSync(pool.credd.path('soft', 'scitokens.top')).isSymbolicLink(), true);
  for (const user of ['victim', 'hard']) {
    const use = lstatSync(pool.credd.path(user, 'scitokens.use'));
    // Replaced by a file of its own, or left: never written through.
    if (use.isFile() && user === 'victim') assert.equal(use.mode & 0o777, 0o400);
  }
});

test('odd names: dots, blanks, newlines, bytes that are no UTF-8, underscores at the end, very long ones', async (t) => {
  const pool = await startMonitoredPool(t);
  const { directory } = pool.pool;
  const names: (string | Buffer)[] = [
    '...',
    '.hidden',
    ' ',
    'a b',
    'new\nline',
    'quote\'"`$(id)',
    '%s%n{username}',
    'u'.repeat(250),
    Buffer.from([0xff, 0xfe, 0x41]),
  ];
  for (const name of names) {
    const path = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name)]);
    mkdirSync(path, { mode: 0o700 });
    writeFileSync(Buffer.concat([path, Buffer.from('/scitokens.top')]), 'x', { mode: 0o600 });
  }
  pool.credd.makeUserDirectory('alice');
  for (const file of [
    '_.top',
    'scitokens_.top',
    '.top',
    '..top',
    '_.use',
    'x_.use',
    `scitokens_${'h'.repeat(200)}.top`,
  ]) {
    writeFileSync(pool.credd.path('alice', file), 'x', { mode: 0o600 });
  }
  writeFileSync(pool.credd.path('alice', 'scitokens_new\nline.top'), 'x', { mode: 0o600 });
  await serveAnother(pool, 'bob');
  const alice = readdirSync(pool.credd.userDirectory('alice'));
  for (const file of ['_.use', 'x_.use'])
    assert.equal(readFileSync(pool.credd.path('alice', file), 'utf8'), 'x', file);
  assert.equal(alice.includes('scitokens_.use'), false, 'a name ending in _ is no handle');
  assert.equal(alice.includes('.use'), false);
  for (const line of pool.log().split('\n')) assert.doesNotMatch(line, /^line/, 'no name breaks a log line');
  // "/", the thing that must never happen, is not a name; ".." is one and leads out.
  assert.deepEqual(
    readdirSync(pool.base).filter((name) => /\.(use|top)$/.test(name)),
    [],
  );
});

test('junk: directories, sockets, pipes and huge files in the place of files; foreign files in D', async (t) => {
  const pool = await startMonitoredPool(t, { webClients: { mytokens: webClient } });
  const { credd } = pool;
  credd.makeUserDirectory('alice');
  mkdirSync(credd.path('alice', 'scitokens.top'));
  mkdirSync(credd.path('alice', 'mytokens.use'));
  writeFileSync(credd.path('alice', 'mytokens.top'), '{', { mode: 0o600 });
  writeFileSync(credd.path('alice', 'mytokens.meta'), 'not json', { mode: 0o400 });
  credd.makeUserDirectory('bob');
  mkdirSync(credd.path('bob', 'scitokens.use'));
  writeFileSync(join(credd.path('bob', 'scitokens.use'), 'in the way'), '');
  writeFileSync(credd.path('bob', 'scitokens.top'), 'x', { mode: 0o600 });
  credd.makeUserDirectory('carol');
  await runProgram('mkfifo', [credd.path('carol', 'scitokens.top'), credd.path('carol', 'mytokens.use')]);
  writeFileSync(credd.path('carol', 'mytokens.top'), Buffer.alloc(64 * 1024 * 1024, '{'), { mode: 0o600 });
  writeFileSync(credd.path('carol', 'mytokens.meta'), '{}', { mode: 0o400 });
  mkdirSync(join(pool.pool.directory, 'deep/deeper/deepest'), { recursive: true });
  writeFileSync(join(pool.pool.directory, 'deep/deeper/scitokens.top'), 'x');
  writeFileSync(join(pool.pool.directory, 'tmpAbC123_x'), 'left behind by an old monitor');
  writeFileSync(join(pool.pool.directory, 'scitokens.top'), 'a file where users are');
  await serveAnother(pool, 'dave');
  assert.ok(existsSync(join(credd.path('bob', 'scitokens.use'), 'in the way')));
  assert.deepEqual(readdirSync(join(pool.pool.directory, 'deep')), ['deeper']);
  assert.equal(readFileSync(join(pool.pool.directory, 'scitokens.top'), 'utf8'), 'a file where users are');
  assert.equal(pool.master.exits.length, 0, 'the monitor never died');
});

test('directories that vanish and come back while the monitor looks', async (t) => {
  const pool = await startMonitoredPool(t);
  const users = Array.from({ length: 40 }, (_, index) => `user${index}`);
  for (let round = 0; round < 25; round += 1) {
    for (const user of users) {
      if (round % 2 === 0) {
        pool.credd.makeUserDirectory(user);
        pool.credd.write(user, 'scitokens.top', 'x');
      } else removeTree(pool.credd.userDirectory(user));
    }
    pool.wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(
    () => users.every((user) => existsSync(pool.credd.path(user, 'scitokens.use'))),
    'all of the last round',
  );
  for (const user of users) {
    const files = readdirSync(pool.credd.userDirectory(user)).sort();
    assert.deepEqual(files, ['scitokens.top', 'scitokens.use']);
    removeTree(pool.credd.userDirectory(user));
  }
  await serveAnother(pool, 'bob');
  assert.deepEqual(
    readdirSync(pool.pool.directory).filter((name) => name.startsWith('user')),
    [],
    'no directory was made again',
  );
  assert.equal(pool.master.exits.length, 0);
});

test('a user directory that nobody may enter, for a moment', async (t) => {
  const pool = await startMonitoredPool(t);
  pool.credd.makeUserDirectory('alice');
  pool.credd.write('alice', 'scitokens.top', 'x');
  chmodSync(pool.credd.userDirectory('alice'), 0);
  await serveAnother(pool, 'bob');
  chmodSync(pool.credd.userDirectory('alice'), 0o2700);
  pool.wake();
  await eventually(() => existsSync(pool.credd.path('alice', 'scitokens.use')), 'alice served after all');
});

const webClient = {
  clientId: 'ap1',
  clientSecretFile: '/nonexistent/secret',
  returnUrlSuffix: '/return/mytokens',
  authorizationUrl: 'https://127.0.0.1:9/authorize',
  tokenUrl: 'https://127.0.0.1:9/token',
};
