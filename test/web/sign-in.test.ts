import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { proofOf } from '../../src/daemon/web/sign-in-code.ts';
import { createSignInCode, openSignInDirectory } from '../../src/daemon/web/sign-in-directory.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { startWebWorld } from './web-world.ts';

const CODE = '7GK2-M4QX';

test('a code proves who made it, once', async (t) => {
  if (!havePeers(t, 'getent')) return;
  const directory = join(workspace(t), 'run/sign-in');
  const signIn = openSignInDirectory(directory);
  assert.equal(statSync(directory).mode & 0o7777, 0o1733);
  const { code } = await createSignInCode(directory);
  assert.equal(await signIn.redeem('AAAA-AAAA'), undefined);
  assert.equal(await signIn.redeem(code.toLowerCase().replace('-', ' ')), userInfo().username);
  assert.equal(await signIn.redeem(code), undefined);
  assert.deepEqual(readdirSync(directory), []);
});

test('nothing but a fresh file of the code’s own contents proves anything', async (t) => {
  const home = workspace(t);
  const directory = join(home, 'sign-in');
  const signIn = openSignInDirectory(directory);
  const { fileName, contents } = proofOf(CODE);
  const path = join(directory, fileName);
  const elsewhere = join(home, 'proof');
  const attacks: Record<string, () => void> = {
    'a file of the victim that was moved here': () => {
      writeFileSync(elsewhere, 'x'.repeat(contents.length), { mode: 0o1644 });
      renameSync(elsewhere, path);
    },
    'contents that others could have written': () => {
      writeFileSync(path, contents);
      chmodSync(path, 0o1666);
    },
    'contents that the victim copied for somebody, who moved the file here': () => {
      writeFileSync(elsewhere, contents);
      chmodSync(elsewhere, 0o644);
      renameSync(elsewhere, path);
    },
    'a link with a second name': () => {
      writeFileSync(elsewhere, contents, { mode: 0o1644 });
      linkSync(elsewhere, path);
    },
    'a symbolic link': () => {
      writeFileSync(elsewhere, contents, { mode: 0o1644 });
      symlinkSync(elsewhere, path);
    },
    'a directory': () => mkdirSync(path, { mode: 0o1644 }),
    'an old one': () => {
      writeFileSync(path, contents, { mode: 0o1644 });
      utimesSync(path, new Date(Date.now() - 301_000), new Date(Date.now() - 301_000));
    },
  };
  const { rmSync } = await import('node:fs');
  for (const [what, attack] of Object.entries(attacks)) {
    rmSync(path, { recursive: true, force: true });
    rmSync(elsewhere, { force: true });
    attack();
    assert.equal(await signIn.redeem(CODE), undefined, what);
  }
});

test('of two that type one code at once, one signs in and the other is told no', async (t) => {
  if (!havePeers(t, 'getent')) return;
  const directory = join(workspace(t), 'sign-in');
  const signIn = openSignInDirectory(directory);
  for (let round = 0; round < 20; round += 1) {
    const { code } = await createSignInCode(directory);
    const users = await Promise.all(Array.from({ length: 4 }, () => signIn.redeem(code)));
    assert.equal(users.filter((user) => user !== undefined).length, 1);
  }
});

test('what nobody typed is swept away, and what is no proof; links are not followed', async (t) => {
  const home = workspace(t);
  const directory = join(home, 'sign-in');
  let now = new Date();
  const signIn = openSignInDirectory(directory, () => now);
  const { code } = await createSignInCode(directory);
  writeFileSync(join(directory, 'large'), 'x'.repeat(1_000));
  mkdirSync(join(directory, 'empty'));
  mkdirSync(join(directory, 'full'));
  writeFileSync(join(directory, 'full', 'file'), '');
  writeFileSync(join(home, 'elsewhere'), 'x'.repeat(1_000));
  symlinkSync(join(home, 'elsewhere'), join(directory, 'link'));
  const fresh = proofOf(code).fileName;
  await signIn.sweep();
  assert.deepEqual(readdirSync(directory).sort(), ['full', 'link', fresh].sort());
  now = new Date(Date.now() + 601_000);
  await signIn.sweep();
  assert.deepEqual(readdirSync(directory), ['full']);
  assert.equal(statSync(join(home, 'elsewhere')).size, 1_000);
});

test('a sign-in directory of somebody else is refused', (t) => {
  const directory = join(workspace(t), 'sign-in');
  mkdirSync(directory, { mode: 0o777 });
  chmodSync(directory, 0o777);
  assert.throws(() => openSignInDirectory(directory), /file\/unsafe|mode 1733/);
});

test('signing in shows one’s own credentials and nobody else’s', async (t) => {
  if (!havePeers(t, 'getent')) return;
  const world = await startWebWorld(t);
  const me = userInfo().username;
  for (const user of [me, 'somebody']) {
    mkdirSync(join(world.directory, user), { mode: 0o700 });
    writeFileSync(join(world.directory, user, 'scitokens.top'), `${user}@foo`, { mode: 0o600 });
  }
  await world.credmon.wake();
  const browser = world.browser();
  const asked = await browser.open(`${world.prefix}/`);
  assert.match(asked.text, /Sign in to see your credentials/);
  const { code } = await createSignInCode(world.signInDirectory);
  const before = browser.cookies.map(({ value }) => value).join();
  const shown = await browser.submit(asked, { code });
  assert.match(shown.text, new RegExp(`Signed in as <strong>${me}</strong>`));
  assert.match(shown.text, /aria-label="scitokens"/);
  assert.doesNotMatch(shown.text, /somebody/);
  assert.notEqual(browser.cookies.map(({ value }) => value).join(), before, 'another id after signing in');
  const foreign = await browser.open(`${world.prefix}/credentials/somebody/scitokens/revoke`);
  assert.equal(foreign.status, me === 'root' ? 200 : 404);
  const out = await browser.submit(shown, {}, { form: '/sign-out' });
  assert.match(out.text, /Sign in to see/);
});

test('without a sign-in directory of its own the page still serves logins', async (t) => {
  const foreign = join(workspace(t), 'sign-in');
  mkdirSync(foreign, { mode: 0o755 });
  const world = await startWebWorld(t, { web: { signInDirectory: foreign } });
  assert.match(world.log.join('\n'), /error WEB: nobody can sign in/);
  const key = world.request({});
  assert.equal((await world.browser().open(`${world.prefix}/key/${key}`)).status, 200);
});

test('a request of another local user is refused to somebody who is signed in', async (t) => {
  if (!havePeers(t, 'getent')) return;
  const world = await startWebWorld(t);
  const browser = world.browser();
  const { code } = await createSignInCode(world.signInDirectory);
  await browser.submit(await browser.open(`${world.prefix}/sign-in`), { code });
  const key = world.request({ user: 'somebody' });
  const page = await browser.open(`${world.prefix}/key/${key}/login/mytokens`);
  assert.equal(page.status, 403);
  assert.match(page.text, /This request is for somebody else/);
});
