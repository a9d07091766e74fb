import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Page, plainBrowser } from '../support/plain-browser.ts';
import { logIn } from './login-steps.ts';
import { startWebWorld, type WebWorld } from './web-world.ts';

function top(world: WebWorld, file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(world.directory, file), 'utf8')) as Record<string, unknown>;
}

test('from the link of a submission to the files of two handles, without scripts', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request(
    { scopes: 'openid, read:/public, offline_access' },
    { handle: 'read', scopes: 'read:/public, write:/user/alice', audience: 'https://storage.example' },
  );
  const browser = world.browser();
  const first = await browser.open(`${world.prefix}/key/${key}`);
  assert.equal(first.status, 200);
  assert.match(first.text, /2 logins are needed/);
  assert.match(first.text, /<strong>alice<\/strong>/);
  assert.match(first.text, /read files below \/public/);

  let confirm = await logIn(world, browser, key, 'mytokens');
  assert.match(confirm.url, /\/confirm\//);
  assert.match(confirm.text, /Use this login for alice\?/);
  assert.match(confirm.text, /alice@idp/);
  assert.ok(!existsSync(join(world.directory, 'alice/mytokens.top')), 'nothing is stored before the word');
  const half = await browser.submit(confirm, {}, { form: '/confirm/', button: 'store' });
  assert.equal(half.url, `${world.prefix}/key/${key}`);
  assert.match(half.text, /One login is needed/);
  assert.equal(top(world, 'alice/mytokens.top').scopes, 'openid, read:/public, offline_access');

  confirm = await logIn(world, browser, key, 'mytokens read');
  const done = await browser.submit(confirm, {}, { form: '/confirm/', button: 'store' });
  assert.match(done.text, /Submit your job again/);
  const stored = top(world, 'alice/mytokens_read.top');
  assert.equal(stored.scopes, 'read:/public, write:/user/alice', 'the raw string');
  assert.equal(stored.audience, 'https://storage.example');
  assert.equal(statSync(join(world.directory, 'alice/mytokens_read.use')).mode & 0o777, 0o400);
  assert.ok(!existsSync(join(world.directory, key)), 'the request file is gone');
  const again = await browser.open(`${world.prefix}/key/${key}`);
  assert.match(again.text, /Submit your job again/);
  const stranger = await world.browser().open(`${world.prefix}/key/${key}`);
  assert.equal(stranger.status, 404);
});

test('refused consent, then a second try', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request({});
  const browser = world.browser();
  const refused = await logIn(world, browser, key, 'mytokens', { consent: false });
  assert.equal(refused.status, 403);
  assert.match(refused.text, /Access was not granted/);
  assert.match(refused.text, new RegExp(`/key/${key}/login/mytokens`));
  const confirm = await logIn(world, browser, key, 'mytokens');
  assert.match(confirm.text, /Use this login for alice/);
});

test('two tabs and two submissions stand alone, whatever order they end in', async (t) => {
  const world = await startWebWorld(t);
  const [one, other] = [world.request({ handle: 'a' }), world.request({ user: 'bob', handle: 'b' })];
  const browser = world.browser();
  const first = await logIn(world, browser, one, 'mytokens a');
  const second = await logIn(world, browser, other, 'mytokens b');
  assert.match(first.text, /for alice\?/);
  assert.match(second.text, /for bob\?/);
  await browser.submit(second, {}, { form: '/confirm/', button: 'store' });
  assert.ok(existsSync(join(world.directory, 'bob/mytokens_b.top')));
  assert.ok(!existsSync(join(world.directory, 'alice/mytokens_a.top')));
  await browser.submit(first, {}, { form: '/confirm/', button: 'store' });
  assert.ok(existsSync(join(world.directory, 'alice/mytokens_a.top')));
});

test('the second login of a user must use the account of the first', async (t) => {
  const world = await startWebWorld(t);
  const one = world.request({ handle: 'a' });
  const browser = world.browser();
  const first = await logIn(world, browser, one, 'mytokens a', { user: 'alice@idp' });
  assert.match(first.text, /First login of alice at this provider/);
  await browser.submit(first, {}, { form: '/confirm/', button: 'store' });
  const other = world.request({ handle: 'b' });
  const wrong = await logIn(world, world.browser(), other, 'mytokens b', { user: 'mallory@idp' });
  assert.equal(wrong.status, 403);
  assert.match(wrong.text, /Another account belongs to this user/);
  assert.ok(!existsSync(join(world.directory, 'alice/mytokens_b.top')));
  assert.ok(
    world.server.requests.some(({ path }) => path === '/token/revocation'),
    'what mallory granted is revoked',
  );
  const right = await logIn(world, world.browser(), other, 'mytokens b', { user: 'alice@idp' });
  assert.doesNotMatch(right.text, /First login/);
});

test('what is not stored is revoked', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request({});
  const browser = world.browser();
  const confirm = await logIn(world, browser, key, 'mytokens');
  const back = await browser.submit(confirm, {}, { form: '/confirm/', button: 'cancel' });
  assert.match(back.text, /One login is needed/);
  assert.ok(world.server.requests.some(({ path }) => path === '/token/revocation'));
  assert.match((await browser.open(confirm.url)).text, /One login is needed/, 'it leads back to the request');
});

test('what waits for a word when the page ends is revoked at the provider', async (t) => {
  const world = await startWebWorld(t);
  await logIn(world, world.browser(), world.request({}), 'mytokens');
  const isRevoked = (): boolean => world.server.requests.some(({ path }) => path === '/token/revocation');
  assert.equal(isRevoked(), false);
  await world.close();
  assert.equal(isRevoked(), true);
});

test('a login cannot be finished or confirmed in another browser, nor twice', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request({});
  const { issuer } = world.server;
  const stopping = plainBrowser(world.fetch, (url) => url.startsWith(issuer));
  const { url } = await stopping.open(`${world.prefix}/key/${key}/login/mytokens`);
  const redirectUri = `${world.prefix}/return/mytokens`;
  const answer = await world.server.logIn(url, { user: 'alice@idp', redirectUri });
  const [mine, theirs] = [world.browser(), world.browser()];
  assert.match((await theirs.open(answer)).text, /begun in another browser/);
  assert.match((await stopping.open(answer)).text, /Use this login for alice/);

  const confirm = await logIn(world, mine, key, 'mytokens');
  await theirs.open(`${world.prefix}/key/${key}`);
  const stolen = await theirs.open(confirm.url);
  assert.equal(stolen.status, 400);
  assert.match(stolen.text, /begun in another browser/);
  const done = await mine.submit(confirm, {}, { form: '/confirm/', button: 'store' });
  assert.match(done.text, /Submit your job again/);
  const twice = await mine.submit(confirm, {}, { form: '/confirm/', button: 'store' });
  assert.match(twice.text, /Submit your job again/, 'a second click leads where the first did');
});

test('a form that comes from elsewhere does nothing', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request({});
  const browser = world.browser();
  const confirm = await logIn(world, browser, key, 'mytokens');
  const token = /name="form_token" value="([^"]+)"/.exec(confirm.text)?.[1] ?? '';
  assert.notEqual(token, '');
  const post = (fields: Record<string, string>, headers: Record<string, string>): Promise<Page> =>
    browser.open(confirm.url, { method: 'POST', body: new URLSearchParams(fields), headers });
  for (const [fields, headers] of [
    [{ decision: 'store' }, {}],
    [{ decision: 'store', form_token: token.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) }, {}],
    [{ decision: 'store', form_token: token }, { origin: 'https://evil.example' }],
    [{ decision: 'store', form_token: token }, { 'sec-fetch-site': 'cross-site' }],
    [{ decision: 'store', form_token: token }, { 'content-type': 'text/plain' }],
  ] as const) {
    const page = await post(fields, headers);
    assert.equal(page.status, 403);
    assert.match(page.text, /Please try that once more/);
  }
  assert.ok(!existsSync(join(world.directory, 'alice/mytokens.top')));
});

test('keys that are no keys, expired states and upstream’s addresses', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request({ handle: 'read' });
  const browser = world.browser();
  const statusOf = async (path: string): Promise<number> =>
    (await browser.open(`${world.prefix}${path}`)).status;
  assert.equal(await statusOf(`/key/${'0'.repeat(64)}`), 404);
  assert.equal(await statusOf('/key/pid'), 404);
  assert.equal(await statusOf('/key/..%2f..%2fetc%2fpasswd'), 404);
  assert.equal(await statusOf('/return/mytokens?state=x&code=y'), 400);
  assert.equal(await statusOf('/login/mytokens%20read'), 404);
  await browser.open(`${world.prefix}/key/${key}`);
  const login = await browser.open(`${world.prefix}/login/mytokens%20read`);
  assert.ok(login.url.startsWith(world.server.issuer), login.url);
});

test('a provider that answers with an error, and one that is not there', async (t) => {
  let isDown = false;
  const world = await startWebWorld(t, {
    server: {
      intercept: (path, respond) => {
        if (!isDown || path !== '/token') return false;
        respond(500, 'down');
        return true;
      },
    },
  });
  const key = world.request({});
  const browser = world.browser();
  isDown = true;
  const failed = await logIn(world, browser, key, 'mytokens');
  assert.equal(failed.status, 502);
  assert.match(failed.text, /could not complete the login/);
  isDown = false;
  assert.match((await logIn(world, browser, key, 'mytokens')).text, /Use this login/);
});

test('a credential that cannot be written is not said to be', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request({ user: 'alice' });
  const browser = world.browser();
  const confirm = await logIn(world, browser, key, 'mytokens');
  const { writeFileSync, rmSync } = await import('node:fs');
  rmSync(join(world.directory, 'alice'), { recursive: true, force: true });
  // A file where the user's directory must be stops root too.
  writeFileSync(join(world.directory, 'alice'), '');
  const failed = await browser.submit(confirm, {}, { form: '/confirm/', button: 'store' });
  assert.equal(failed.status, 500);
  assert.match(failed.text, /Your login could not be saved/);
  rmSync(join(world.directory, 'alice'));
  const done = await browser.submit(failed, {}, { form: '/confirm/', button: 'store' });
  assert.match(done.text, /Submit your job again/);
});

test('device flow: the code is shown, and the page goes on when it is approved', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request({});
  const browser = world.browser();
  const start = await browser.open(`${world.prefix}/key/${key}`);
  assert.match(start.text, /Use another device/);
  const waiting = await browser.open(`${world.prefix}/key/${key}/login/mytokens/device`);
  assert.equal(waiting.status, 200);
  const code = /class="code">([^<]+)</.exec(waiting.text)?.[1] ?? '';
  await world.server.approveDevice(code, 'alice@idp');
  let page = waiting;
  for (let tries = 0; tries < 120 && !page.url.includes('/confirm/'); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    page = await browser.open(waiting.url);
  }
  assert.match(page.text, /Use this login for alice/);
});

test('of two first logins at the same moment with different accounts, one is refused', async (t) => {
  const world = await startWebWorld(t);
  const [one, other] = [world.request({ handle: 'a' }), world.request({ handle: 'b' })];
  const [mine, theirs] = [world.browser(), world.browser()];
  const first = await logIn(world, mine, one, 'mytokens a', { user: 'alice@idp' });
  const second = await logIn(world, theirs, other, 'mytokens b', { user: 'mallory@idp' });
  const pages = await Promise.all([
    mine.submit(first, {}, { form: '/confirm/', button: 'store' }),
    theirs.submit(second, {}, { form: '/confirm/', button: 'store' }),
  ]);
  assert.deepEqual(pages.map(({ status }) => status).sort(), [200, 403]);
  const stored = ['alice/mytokens_a.top', 'alice/mytokens_b.top'].filter((file) =>
    existsSync(join(world.directory, file)),
  );
  assert.equal(stored.length, 1);
});

test('what others wrote is shown, never interpreted', async (t) => {
  const world = await startWebWorld(t);
  const evil = '"><script>alert(1)</script>&amp;\u202etxt';
  const key = world.request({ handle: evil, scopes: `read:/${evil}`, audience: `https://x/${evil}` });
  const browser = world.browser();
  const pages = [await browser.open(`${world.prefix}/key/${key}`)];
  const stopping = plainBrowser(world.fetch, (url) => url.startsWith(world.server.issuer));
  const { url } = await stopping.open(`${world.prefix}/key/${world.request({})}/login/mytokens`);
  const redirectUri = `${world.prefix}/return/mytokens`;
  const answer = new URL(await world.server.logIn(url, { user: 'alice@idp', consent: false, redirectUri }));
  answer.searchParams.set('error_description', evil);
  pages.push(await stopping.open(answer.href));
  pages.push(await browser.open(`${world.prefix}/${encodeURIComponent(evil)}`));
  for (const page of pages) {
    assert.doesNotMatch(page.text, /<script/i);
    assert.doesNotMatch(page.text, /\u202e/, 'nothing turns the direction of writing');
    assert.doesNotMatch(page.text, /="">|href="[^"]*\s[^"]*"/);
  }
  assert.match(pages[0]?.text ?? '', /&lt;script&gt;/);
  assert.match(pages[1]?.text ?? '', /&lt;script&gt;/);
});
