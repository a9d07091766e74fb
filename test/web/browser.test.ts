import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { createSignInCode } from '../../src/daemon/web/sign-in-directory.ts';
import { Secret } from '../../src/kit/index.ts';
import { FileStore } from '../../src/repository/index.ts';
import { openWindow, startBrowser, takePictures, type WindowOptions } from '../support/browser.ts';
import { loopbackCertificate } from '../support/loopback-certificate.ts';
import { checkAccessibility, checkPhoneWidth, tabOrder } from '../support/page-checks.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { startWebWorld, type WebWorld } from './web-world.ts';

/** Looks at a page as it is now: pictures, accessibility, phone width. */
async function look(page: Page, name: string): Promise<void> {
  await checkAccessibility(page);
  await checkPhoneWidth(page);
  await takePictures(page, name);
}

/** Clicks through the provider's pages, which ask only for what they do not know yet. */
async function atProvider(
  { server }: WebWorld,
  page: Page,
  user: string,
  decision: 'approve' | 'refuse' = 'approve',
): Promise<void> {
  while (page.url().startsWith(server.issuer)) {
    const isLogin = (await page.locator('input[name=user]').count()) > 0;
    if (isLogin) await page.fill('input[name=user]', user);
    await page.click(isLogin ? 'button' : `button[value=${decision}]`);
  }
}

async function signIn(world: WebWorld, page: Page): Promise<void> {
  const { code } = await createSignInCode(world.signInDirectory);
  await page.goto(`${world.prefix}/sign-in`);
  await page.fill('input[name=code]', code.toLowerCase());
  await page.click('button:has-text("Sign in")');
}

async function start(
  t: TestContext,
  options?: Parameters<typeof startWebWorld>[1],
  window?: WindowOptions,
): Promise<{ world: WebWorld; page: Page }> {
  const world = await startWebWorld(t, options);
  return { world, page: await openWindow(await startBrowser(t), window) };
}

test('a person logs in for a job', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  const { world, page } = await start(t);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.location().url.startsWith(world.prefix)) complaints.push(message.text());
  });
  page.on('pageerror', (error) => void complaints.push(error.message));
  const key = world.request(
    { scopes: 'openid, read:/public, offline_access' },
    { handle: 'read', scopes: 'read:/public, write:/user/alice' },
  );
  await page.goto(`${world.prefix}/key/${key}`);
  await look(page, '01-request');
  assert.deepEqual(await tabOrder(page), [
    'Skip to the content',
    'Latchkey',
    'Log in to mytokens',
    'Use another device for mytokens',
    'Log in to mytokens read',
    'Use another device for mytokens read',
  ]);
  await page.click('text=Log in to mytokens >> nth=0');
  await atProvider(world, page, 'alice@idp');
  await page.waitForSelector('h1:has-text("Use this login for alice?")');
  await look(page, '02-confirm');
  await page.click('button[value=store]');
  await page.waitForSelector('h1:has-text("One login is needed")');
  await look(page, '03-half-done');
  await page.click('a.button:has-text("Log in to mytokens")');
  await atProvider(world, page, 'alice@idp');
  await page.click('button[value=store]');
  await page.waitForSelector('h1:has-text("Submit your job again")');
  await look(page, '04-done');
  assert.ok(existsSync(join(world.directory, 'alice/mytokens_read.use')));
  assert.deepEqual(complaints, [], 'the browser has nothing to complain about');
});

test('every failure has its page', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  const { world, page } = await start(t);
  const key = world.request({});
  await page.goto(`${world.prefix}/key/${key}/login/mytokens`);
  await atProvider(world, page, 'alice@idp', 'refuse');
  await page.waitForSelector('h1:has-text("Access was not granted")');
  await look(page, '10-consent-refused');

  await page.goto(`${world.prefix}/key/${'0'.repeat(64)}`);
  await look(page, '11-expired-key');
  await page.goto(`${world.prefix}/return/mytokens?state=unknown&code=x`);
  await look(page, '12-expired-login');
  await page.goto(`${world.prefix}/login/nobody`);
  await look(page, '13-unknown-provider');
  await page.goto(`${world.prefix}/nothing/here`);
  await look(page, '14-not-found');
  writeFileSync(join(world.directory, 'e'.repeat(64)), 'no ads at all');
  await page.goto(`${world.prefix}/key/${'e'.repeat(64)}`);
  await look(page, '15-broken-request');

  await page.goto(`${world.prefix}/key/${key}/login/mytokens`);
  await atProvider(world, page, 'alice@idp');
  await page.waitForSelector('button[value=store]');
  rmSync(join(world.directory, 'alice'), { recursive: true, force: true });
  writeFileSync(join(world.directory, 'alice'), '');
  await page.click('button[value=store]');
  await page.waitForSelector('h1:has-text("could not be saved")');
  await look(page, '16-storage-failure');
  rmSync(join(world.directory, 'alice'));
  await page.click('text=Try to save again');
  await page.waitForSelector('h1:has-text("Submit your job again")');

  const other = world.request({ handle: 'b' });
  await page.context().clearCookies();
  await page.goto(`${world.prefix}/key/${other}/login/mytokens%20b`);
  await atProvider(world, page, 'mallory@idp');
  await page.waitForSelector('h1:has-text("Another account belongs to this user")');
  await look(page, '17-wrong-account');

  await world.server.close();
  await page.goto(`${world.prefix}/key/${other}/login/mytokens%20b`);
  await page.waitForSelector('h1:has-text("The provider could not complete the login")');
  await look(page, '18-provider-error');
});

test('wrong user, and proof of the local user on demand', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  const { world, page } = await start(t, { web: { demandsLocalProof: true } });
  const key = world.request({ user: 'alice' });
  await page.goto(`${world.prefix}/key/${key}/login/mytokens`);
  await atProvider(world, page, 'alice@idp');
  await page.waitForSelector('input[name=code]');
  await look(page, '20-confirm-with-code');
  await page.fill('input[name=code]', 'AAAA-AAAA');
  await page.click('button[value=store]');
  await page.waitForSelector('[role=alert]');
  await look(page, '21-wrong-code');
  // Whoever runs the test is not alice.
  const { code } = await createSignInCode(world.signInDirectory);
  await page.fill('input[name=code]', code);
  await page.click('button[value=store]');
  await page.waitForSelector('h1:has-text("This request is for somebody else")');
  await look(page, '22-wrong-user');
  assert.ok(!existsSync(join(world.directory, 'alice/mytokens.top')));
});

test('a person without scripts, at night, on a phone', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  const { world, page } = await start(t, {}, { scripts: false, isDark: true, width: 360 });
  const key = world.request({});
  await page.goto(`${world.prefix}/key/${key}`);
  await takePictures(page, '30-dark-request');
  await page.click('a.button:has-text("Log in to mytokens")');
  await atProvider(world, page, 'alice@idp');
  await page.waitForSelector('button[value=store]');
  await takePictures(page, '31-dark-confirm');
  await page.click('button[value=store]');
  await page.waitForSelector('h1:has-text("Submit your job again")');
  await takePictures(page, '32-dark-done');
  assert.ok(existsSync(join(world.directory, 'alice/mytokens.top')));
});

test('device flow', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  const { world, page } = await start(t);
  const key = world.request({});
  await page.goto(`${world.prefix}/key/${key}`);
  await page.click('text=Use another device');
  await page.waitForSelector('.code');
  await look(page, '40-device');
  await world.server.approveDevice((await page.textContent('.code')) ?? '', 'alice@idp');
  // By itself: the page looks again every few seconds.
  await page.waitForSelector('h1:has-text("Use this login for alice?")', { timeout: 60_000 });
});

test('dashboards', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  const me = (await import('node:os')).userInfo().username;
  const store = await FileStore.open(join(workspace(t), 'store'), { create: true });
  t.after(() => store.close());
  const { certificate, key: privateKey } = await loopbackCertificate();
  await store.write({
    username: me,
    name: 'robot',
    owner: '/O=Grid/CN=Robot',
    description: 'nightly transfers',
    maxLifetimeSeconds: 0,
    pem: new Secret(certificate + privateKey),
  });
  const { world, page } = await start(t, { web: { operators: [me] }, store });
  await page.goto(`${world.prefix}/`);
  await look(page, '50-sign-in');
  await signIn(world, page);
  await page.waitForSelector('h1:has-text("Your credentials")');
  await look(page, '51-proxy-only');
  const key = world.request({ user: me }, { user: me, handle: 'read' });
  for (const name of ['mytokens', 'mytokens%20read']) {
    await page.goto(`${world.prefix}/key/${key}/login/${name}`);
    await atProvider(world, page, `${me}@idp`);
    await page.click('button[value=store]');
  }
  writeFileSync(join(world.directory, me, 'scitokens.top'), `${me}@foo`);
  await world.credmon.wake();
  await page.goto(`${world.prefix}/`);
  await page.waitForSelector('h2:has-text("mytokens_read")');
  await page.waitForSelector('h2:has-text("scitokens")');
  await look(page, '52-dashboard');
  await page.click('section[aria-label=mytokens_read] button:has-text("Renew now")');
  await page.waitForSelector('[role=status]:has-text("mytokens_read was renewed")');
  await look(page, '53-renewed');
  await world.server.endGrants(`${me}@idp`);
  await page.click('section[aria-label=mytokens] button:has-text("Renew now")');
  await page.waitForSelector('h1:has-text("could not be renewed")');
  await look(page, '54-not-renewed');
  await page.click('text=Back to your credentials');
  await look(page, '55-needs-action');
  writeFileSync(join(world.directory, me, 'box_read.top'), '{}', { mode: 0o600 });
  await world.credmon.wake();
  await page.goto(`${world.prefix}/operator`);
  await page.waitForSelector('caption:has-text("Requests that no provider serves")');
  await look(page, '56-operator');
  await page.goto(`${world.prefix}/`);
  await page.click('button:has-text("Log in again")');
  await page.waitForSelector('h1:has-text("Log in to mytokens")');
  await look(page, '58-log-in-again');
  await page.click('text=Go on to mytokens');
  await atProvider(world, page, `${me}@idp`);
  await page.click('button[value=store]');
  await page.waitForSelector('section[aria-label=mytokens] .chip.good');
  assert.equal(page.url(), `${world.prefix}/`);
  await page.goto(`${world.prefix}/`);
  await page.click('section[aria-label=mytokens_read] a:has-text("Revoke")');
  await page.waitForSelector('h1:has-text("Revoke mytokens_read?")');
  await look(page, '57-revoke');
  await page.click('button:has-text("Revoke mytokens_read")');
  await page.waitForSelector('[role=status]:has-text("was revoked")');
  assert.ok(!existsSync(join(world.directory, me, 'mytokens_read.top')));
  await page.click('text=Sign out');
  await page.waitForSelector('h1:has-text("Sign in")');
});
