// The links that programs of this machine tell of, on the monitor's page: seen by Chromium, by the API and by Prometheus.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { createSignInCode } from '../../src/daemon/web/sign-in-directory.ts';
import { Links, openLinkBoard, reportLinks, sweepLinkBoard } from '../../src/remote/index.ts';
import { processBegin } from '../../src/remote/link/process-begin.ts';
import { openWindow, startBrowser, takePictures, type WindowOptions } from '../support/browser.ts';
import { until } from '../support/credential-directory.ts';
import { startCredmonProcess } from '../support/credmon-process.ts';
import { checkAccessibility, checkPhoneWidth, tabOrder } from '../support/page-checks.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { freePort, startWebWorld, type WebWorld, type WorldOptions } from './web-world.ts';

const me = userInfo().username;
const SINCE = '2026-11-30T08:00:00.000Z';

interface Told {
  readonly machines: readonly string[];
  readonly state?: string;
  readonly [member: string]: unknown;
}

const told = (link: Told, id = 1) => ({
  ...{ id, from: '/run/user/0/latchkey-1/l1', to: '127.0.0.1:3300', state: 'proven' },
  ...{ since: SINCE, isShared: false, ...link },
});

/** Puts a report on a board, as the program with that number; it is this process unless said. */
function put(
  board: string,
  name: string,
  links: readonly Told[],
  { pid = process.pid, begin = processBegin(pid) } = {},
): string {
  const file = join(board, `${pid}-${begin}-${randomBytes(16).toString('hex')}.json`);
  writeFileSync(file, JSON.stringify({ pid, name, links: links.map(told) }), { mode: 0o644 });
  chmodSync(file, 0o644);
  return file;
}

const boardOf = ({ signInDirectory }: WebWorld) => join(dirname(signInDirectory), 'links');

/** Only from running programs, of each user: one that sleeps until the test ends, as somebody else when this is root. */
function sleeper(t: TestContext, uid?: number): number {
  const child = spawn('sleep', ['600'], { stdio: 'ignore', ...(uid === undefined ? {} : { uid, gid: uid }) });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(child.pid !== undefined);
  return child.pid;
}

async function start(t: TestContext, web: WorldOptions['web'] = {}, window: WindowOptions = {}) {
  const world = await startWebWorld(t, { web });
  const page = await openWindow(await startBrowser(t), window);
  await signIn(world, page);
  return { world, page, board: boardOf(world) };
}

async function signIn(world: WebWorld, page: Page): Promise<void> {
  const { code } = await createSignInCode(world.signInDirectory);
  await page.goto(`${world.prefix}/sign-in`);
  await page.fill('input[name=code]', code);
  await page.click('button:has-text("Sign in")');
  await page.waitForSelector('h1:has-text("Your credentials")');
}

async function look(page: Page, name: string): Promise<void> {
  await checkAccessibility(page);
  await checkPhoneWidth(page);
  await takePictures(page, name);
}

const SEVERAL: readonly Told[] = [
  { machines: ['here', 'jane@thermal.example.org:2222'], provenAt: '2026-11-30T08:00:01.000Z' },
  { machines: ['here', 'mechanical'], state: 'listening', isShared: true },
  {
    machines: ['mechanical', 'here', 'jane@thermal.example.org:2222'],
    ...{ state: 'lost', cause: 'ssh to "mechanical" has ended: connection reset by peer' },
    remedy: 'it is being made again; is the network there?',
  },
  { machines: ['storage', 'here'], state: 'degraded', cause: 'connections to port 3300 are refused there' },
  { machines: ['here', 'storage'], state: 'opening' },
];

test('links are drawn, and told in a table, in the light, in the dark and on a phone', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  for (const isDark of [false, true]) {
    const { page, board } = await start(t, {}, { isDark });
    const complaints: string[] = [];
    page.on('console', (message) => void complaints.push(message.text()));
    await page.click('nav >> text=Links');
    await page.waitForSelector('p:has-text("No running program holds links")');
    await look(page, `60-no-links${isDark ? '-dark' : ''}`);
    put(board, 'coupling', SEVERAL);
    // What was read is shown for a second.
    for (let n = 0; n < 200 && !(await page.content()).includes('5 links; 2 need attention.'); n += 1)
      await page.reload();
    await page.waitForSelector('text=5 links; 2 need attention.');
    await look(page, `61-links${isDark ? '-dark' : ''}`);
    assert.equal(await page.locator('svg.wide path.way').count(), 6);
    assert.equal(await page.locator('svg.wide .box').count(), 4);
    assert.match((await page.getAttribute('svg.wide', 'aria-label')) ?? '', /5 links; 2 need attention/);
    const cut = page.locator('tr', { hasText: 'Cut' });
    assert.match(
      (await cut.innerText()).replace(/\s+/g, ' '),
      /3 mechanical → here → jane@thermal.*Cut.*connection reset by peer.*Is the network there\?/i,
    );
    assert.deepEqual(complaints, [], 'the browser has nothing to complain about');
  }
});

test('the page looks again by itself when its reader asks for that, and stops when told', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  const { world, page, board } = await start(t, { operators: [] }, { scripts: false });
  await page.goto(`${world.prefix}/links`);
  assert.equal(await page.locator('meta[http-equiv=refresh]').count(), 0);
  assert.deepEqual((await tabOrder(page)).slice(-1), ['Look again every 10 s']);
  await page.click('text=Look again every 10 s');
  put(board, 'coupling', [{ machines: ['here', 'thermal'] }]);
  await page.waitForSelector('td:has-text("coupling")', { timeout: 60_000 });
  await page.click('text=Stop looking again');
  await page.waitForSelector('text=Look again every 10 s');
  assert.equal(await page.locator('meta[http-equiv=refresh]').count(), 0);
});

test('names, causes and states from elsewhere are text, and many machines with long names have room', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  const { world, page, board } = await start(t);
  const evil = '"><script>document.title="broken in"</script><svg onload=alert(1)>';
  const long = `${'n'.repeat(200)}.example.org`;
  put(board, evil, [
    {
      machines: ['here', evil],
      state: 'constructor',
      cause: `\u001b[2J\u202e${evil}`,
      remedy: evil,
      from: evil,
    },
    ...Array.from({ length: 11 }, (_, n) => ({
      machines: ['here', `node-${n}.${n === 4 ? long : 'cluster.example.org'}`],
    })),
    ...Array.from({ length: 9 }, () => ({ machines: ['here', 'busy'] })),
    { machines: ['a.example', 'b.example'] },
  ]);
  await page.goto(`${world.prefix}/links`);
  await page.waitForSelector('text=22 links');
  assert.equal(await page.title(), 'Your links · Latchkey on localhost');
  assert.equal(await page.locator('script').count(), 0);
  assert.equal((await page.locator('td:has-text("<script>")').count()) > 0, true);
  const content = await page.content();
  for (const wrong of ['NaN', 'undefined', '\u001b', '\u202e']) assert.ok(!content.includes(wrong), wrong);
  await look(page, '62-many-links');
});

test('a user sees the links of his own programs, the operator all, and the same through the API', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  if (process.geteuid?.() !== 0) return t.skip('needs root for a second user');
  const other = 65_534;
  const { world, page, board } = await start(t, { operators: [] });
  put(board, 'mine', [{ machines: ['here', 'thermal'] }]);
  chownSync(
    put(board, 'theirs', [{ machines: ['here', 'secret-host'] }], { pid: sleeper(t, other) }),
    other,
    other,
  );
  // One that names a program of somebody else is told as one that has ended.
  chownSync(put(board, 'forged', [{ machines: ['here', 'forged-host'] }]), other, other);
  await page.goto(`${world.prefix}/links`);
  await page.waitForSelector('td:has-text("mine")');
  assert.doesNotMatch(await page.content(), /theirs|secret-host|forged/);
  await page.goto(`${world.prefix}/links?owner=*`);
  await page.waitForSelector('h1:has-text("This page is for operators")');
  const api = (query: string) => page.request.get(`${world.prefix}/api/v1/links${query}`);
  assert.equal((await api('?owner=*')).status(), 403);
  assert.equal((await api('?owner=nobody')).status(), 403);
  const own = (await (await api('')).json()) as { programs: { owner: string; name: string }[] };
  assert.deepEqual(
    own.programs.map(({ owner, name }) => [owner, name]),
    [[me, 'mine']],
  );
  await world.close();

  const root = await start(t, { operators: [me] });
  put(root.board, 'mine', [{ machines: ['here', 'thermal'] }]);
  chownSync(
    put(root.board, 'theirs', [{ machines: ['here', 'secret-host'] }], { pid: sleeper(t, other) }),
    other,
    other,
  );
  chownSync(put(root.board, 'forged', [{ machines: ['here', 'forged-host'] }]), other, other);
  await root.page.goto(`${root.world.prefix}/links`);
  assert.doesNotMatch(await root.page.content(), /theirs/);
  await root.page.click('text=Everybody’s links');
  await root.page.waitForSelector('tr:has-text("theirs"):has-text("of nobody")');
  await root.page.waitForSelector('tr:has-text("forged"):has-text("Program ended"):has-text("of nobody")');
  assert.equal(await root.page.locator('svg.wide title:text("forged-host")').count(), 0);
  await look(root.page, '63-all-links');
});

test('what a program told last is said to be that once it has ended, and goes after a while', async (t) => {
  if (!havePeers(t, 'chromium')) return;
  const { world, page, board } = await start(t);
  const file = put(board, 'crashed', [{ machines: ['here', 'thermal'] }], { pid: 999_999_999, begin: '5' });
  await page.goto(`${world.prefix}/links`);
  await page.waitForSelector(
    'tr:has-text("crashed"):has-text("Program ended"):has-text("it said: proven"):has-text("last told")',
  );
  assert.equal(await page.locator('svg').locator('text=thermal').count(), 0, 'it is not on the map');
  await look(page, '64-ended');
  await sweepLinkBoard(board, new Date());
  assert.equal(readdirSync(board).length, 1, 'not yet');
  await sweepLinkBoard(board, new Date(Date.now() + 11 * 60_000));
  assert.deepEqual(readdirSync(board), [], file);
});

test('only plain files that one user alone can write are reports', async (t) => {
  const board = workspace(t);
  const outside = workspace(t);
  const good = put(board, 'good', []);
  const link = put(outside, 'elsewhere', []);
  symlinkSync(link, join(board, `${process.pid}-1-${'a'.repeat(32)}.json`));
  linkSync(put(outside, 'twice', []), join(board, `${process.pid}-2-${'b'.repeat(32)}.json`));
  chmodSync(put(board, 'open', [], { pid: process.pid, begin: '3' }), 0o666);
  mkdirSync(join(board, `${process.pid}-4-${'c'.repeat(32)}.json`));
  writeFileSync(join(board, `${process.pid}-6-${'d'.repeat(32)}.json`), 'x'.repeat(300_000));
  writeFileSync(join(board, `${process.pid}-7-${'e'.repeat(32)}.json`), '{"pid":1,"name":"lies","links":[]}');
  const names = (await openLinkBoard([board, join(board, 'not-there')]).read()).map(({ name }) => name);
  assert.deepEqual(names, ['good']);
  await sweepLinkBoard(board, new Date(Date.now() + 11 * 60_000));
  assert.deepEqual(readdirSync(board), [good.slice(board.length + 1)]);
});

test('one user’s reports leave room for those of others, and what is too much goes', async (t) => {
  const board = workspace(t);
  for (let n = 0; n < 120; n += 1) put(board, `p${n}`, [], { pid: process.pid, begin: String(n + 1) });
  assert.equal((await openLinkBoard([board]).read()).length, 50);
  await sweepLinkBoard(board, new Date());
  assert.equal(readdirSync(board).length, 100);
});

test('what a program tells comes to the page, under a name that nobody can guess, and goes with it', async (t) => {
  const world = await startWebWorld(t);
  const board = boardOf(world);
  const links = new Links({ connect: () => assert.fail('no login is wanted'), mode: 'direct' });
  const stop = await reportLinks(links, { name: 'coupling', directory: workspace(t), board });
  await links.open({ machine: 'thermal', end: { host: '10.0.0.2', port: 3300 } });
  await stopWhen(async () => (await openLinkBoard([board]).read())[0]?.links.length === 1);
  assert.match(readdirSync(board)[0] ?? '', /^\d+-\d+-[0-9a-f]{32}\.json$/);
  const [report] = await openLinkBoard([board]).read();
  assert.equal(report?.isRunning, true);
  assert.equal(report?.uid, process.geteuid?.());
  await stop();
  await links.close();
  assert.deepEqual(readdirSync(board), []);
});

test('a monitor’s operator has them at its socket, and Prometheus their numbers', async (t) => {
  const base = workspace(t);
  const config = [
    `CREDMON_WEB_PREFIX = http://localhost:${await freePort()}`,
    `LATCHKEY_CREDMON_STATE = ${base}/state`,
    `LATCHKEY_WEB_LISTEN = unix:${base}/page.sock`,
    `LATCHKEY_WEB_SIGN_IN_DIRECTORY = ${base}/run/sign-in`,
  ];
  const runtime = join(base, 'own');
  mkdirSync(runtime);
  const monitor = startCredmonProcess(t, { base, config, env: { XDG_RUNTIME_DIR: runtime } });
  await monitor.complete();
  await until(() => /WEB: page of .* served on/.test(monitor.log()), 'the page');
  put(join(base, 'run/links'), 'coupling', SEVERAL);
  const told = (await askSocket(join(base, 'state/web.sock'), '/api/v1/links')).text;
  const { programs } = JSON.parse(told) as {
    programs: { name: string; owner: string; links: { state: string }[] }[];
  };
  assert.deepEqual(
    programs.map(({ name, owner, links }) => [name, owner, links.map(({ state }) => state)]),
    [['coupling', me, ['proven', 'listening', 'lost', 'degraded', 'opening']]],
  );
  const { text: metrics } = await askSocket(join(base, 'state/web.sock'), '/metrics');
  for (const state of ['proven', 'listening', 'lost', 'degraded', 'opening'])
    assert.match(metrics, new RegExp(`^latchkey_links\\{state="${state}"\\} 1$`, 'm'));
  const page = await askSocket(join(base, 'state/web.sock'), '/links');
  assert.match(page.text, /All links on localhost[\s\S]*5 links; 2 need attention/);
});

function askSocket(socketPath: string, path: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, headers: { host: 'localhost' } }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.once('end', () => resolve({ status: incoming.statusCode, text }));
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

async function stopWhen(isThere: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i += 1) {
    if (await isThere()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('it does not come');
}
