import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoginRequest } from '../credmon/index.ts';
import { Secret } from '../kit/index.ts';
import type { TokenResponse } from '../oauth/index.ts';
import type { DeviceLogin, WebDependencies } from './dependencies.ts';
import { createWebApp } from './web-app.ts';

const PREFIX = 'https://ap.example';
const KEY = 'ab'.repeat(32);
const REQUEST: LoginRequest = {
  provider: 'mytokens',
  localUser: 'alice',
  handle: '',
  scopes: 'read:/',
  audience: '',
  clientId: 'ap1',
  clientSecret: new Secret('s3'),
  returnUrl: `${PREFIX}/return/mytokens`,
  authorizationUrl: '',
  tokenUrl: '',
};

/** An application with a clock in hand, whose provider grants everything. */
function world(changes: { readonly requests?: Partial<WebDependencies['requests']> } = {}) {
  let time = Date.parse('2027-01-01T00:00:00Z');
  let logins = 0;
  const discarded: string[] = [];
  const log: string[] = [];
  const stored: string[] = [];
  const devices: { cancelled: boolean; approve(): void }[] = [];
  const unused = (): never => {
    throw new TypeError('not asked here');
  };
  const tokens = (name: string): TokenResponse => ({
    accessToken: new Secret(name),
    tokenType: 'bearer',
    expiresAt: undefined,
    expiresIn: undefined,
    scope: undefined,
    refreshToken: undefined,
    subject: undefined,
    members: {},
  });
  const beginDevice = async (): Promise<DeviceLogin> => {
    let settle: { resolve(tokens: TokenResponse): void; reject(error: Error): void } | undefined;
    const finished = new Promise<TokenResponse>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const number = devices.length;
    const device = { cancelled: false, approve: () => settle?.resolve(tokens(`device ${number}`)) };
    devices.push(device);
    return {
      userCode: 'ABCD',
      verificationUrl: 'https://op.example/device',
      expiresAt: new Date(time + 600_000),
      finished,
      cancel() {
        device.cancelled = true;
        settle?.reject(new Error('cancelled'));
      },
    };
  };
  const app = createWebApp({
    prefix: PREFIX,
    sessionKey: new Secret('0123456789abcdef'),
    clock: { now: () => new Date(time), sleep: async () => {} },
    requests: {
      read: async (key) => (key === KEY ? [REQUEST] : undefined),
      isStored: async () => stored.length > 0,
      remove: async () => {},
      ...changes.requests,
    },
    logins: {
      begin: async () => {
        logins += 1;
        return { url: 'https://op.example/auth', state: `state-${logins}`, pending: logins };
      },
      finish: async (_request, pending) => tokens(`login ${String(pending)}`),
      offersDevice: async () => true,
      beginDevice,
      store: async (_request, { accessToken }) => void stored.push(accessToken.revealText()),
      discard: async (_request, { accessToken }) => void discarded.push(accessToken.revealText()),
    },
    accounts: { find: async () => undefined, remember: async () => true },
    credentials: {
      list: async () => [],
      renew: unused,
      loginRequest: unused,
      revoke: unused,
      breakers: () => new Map(),
      unserved: () => [],
    },
    publication: { document: async () => undefined },
    health: { live: () => ({ ok: true }), ready: async () => ({ ok: true, checks: {} }) },
    signIn: { redeem: async () => undefined },
    demandsLocalProof: false,
    operators: [],
    log: (level, line) => void log.push(`${level} ${line}`),
  });
  const open = (path: string, cookie = '', init: RequestInit = {}): Promise<Response> =>
    app.fetch(new Request(`${PREFIX}${path}`, { ...init, headers: { ...init.headers, cookie } }));
  /** Comes back from the provider; gives the browser's cookie and the address of the confirmation. */
  const logIn = async (): Promise<{ cookie: string; confirm: string }> => {
    const begun = await open(`/key/${KEY}/login/mytokens`);
    const cookie = (begun.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
    const back = await open(`/return/mytokens?state=state-${logins}&code=c`, cookie);
    assert.equal(back.status, 303);
    return { cookie, confirm: back.headers.get('location') ?? '' };
  };
  const decide = async ({ cookie, confirm }: { cookie: string; confirm: string }, decision: string) => {
    const page = await (await open(confirm, cookie)).text();
    const [, token = ''] = /name="form_token" value="([^"]+)"/.exec(page) ?? [];
    return open(confirm, cookie, {
      method: 'POST',
      body: new URLSearchParams({ form_token: token, decision }),
    });
  };
  return {
    app,
    open,
    logIn,
    decide,
    discarded,
    stored,
    log,
    devices,
    pass(ms: number) {
      time += ms;
    },
    settle: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

test('a grant that nobody confirms is revoked when it is forgotten', async () => {
  const { app, logIn, discarded, pass, settle } = world();
  await logIn();
  pass(14 * 60_000);
  app.tidy();
  await settle();
  assert.deepEqual(discarded, []);
  pass(2 * 60_000);
  app.tidy();
  await settle();
  assert.deepEqual(discarded, ['login 1']);
});

test('a page that comes too late finds it gone, and it is revoked', async () => {
  const { open, logIn, discarded, pass, settle } = world();
  const { cookie, confirm } = await logIn();
  pass(16 * 60_000);
  assert.equal((await open(confirm, cookie)).status, 400);
  await settle();
  assert.deepEqual(discarded, ['login 1']);
});

test('what waits for a word is revoked at the end; what was stored or refused is not touched again', async () => {
  const { app, logIn, decide, discarded, stored } = world();
  assert.equal((await decide(await logIn(), 'store')).status, 303);
  assert.equal((await decide(await logIn(), 'cancel')).status, 303);
  assert.deepEqual([stored, discarded], [['login 1'], ['login 2']]);
  await logIn();
  await app.close();
  assert.deepEqual(discarded, ['login 2', 'login 3']);
});

test('two words for one login: the first counts, the second is led where the first leads', async () => {
  const { open, logIn, decide, discarded, stored } = world();
  const login = await logIn();
  const answers = await Promise.all([decide(login, 'store'), decide(login, 'cancel')]);
  assert.deepEqual(
    answers.map(({ headers }) => headers.get('location')),
    [`/key/${KEY}`, `/key/${KEY}`],
  );
  assert.equal(stored.length + discarded.length, 1);
  assert.equal((await open(login.confirm, login.cookie)).headers.get('location'), `/key/${KEY}`);
  assert.equal((await open(login.confirm)).status, 400, 'strangers learn nothing');
});

test('devices that are waited for have a bound: the oldest wait ends', async () => {
  const { open, devices, settle } = world();
  for (let round = 0; round < 210; round += 1) await open(`/key/${KEY}/login/mytokens/device`);
  await settle();
  assert.equal(devices.filter(({ cancelled }) => !cancelled).length, 10, 'of one user’s');
  assert.ok(devices[0]?.cancelled);
});

test('at the end nobody waits for devices any more; one approved at that moment is revoked', async () => {
  const { app, open, devices, discarded, settle } = world();
  await open(`/key/${KEY}/login/mytokens/device`);
  await open(`/key/${KEY}/login/mytokens/device`);
  devices[1]?.approve();
  await app.close();
  await settle();
  assert.ok(devices[0]?.cancelled);
  assert.deepEqual(discarded, ['device 1']);
});

test('a request file that cannot be removed takes nothing back, and its key stays out of the log', async () => {
  const fail = async (): Promise<never> => {
    throw new Error(`EROFS: read-only file system, unlink '/credentials/${KEY}'`);
  };
  const { open, logIn, decide, log, stored } = world({ requests: { remove: fail } });
  const login = await logIn();
  assert.equal((await decide(login, 'store')).status, 303);
  assert.deepEqual(stored, ['login 1']);
  const done = await open(`/key/${KEY}`, login.cookie);
  assert.equal(done.status, 200);
  assert.match(await done.text(), /Submit your job again/);
  assert.match(log.join('\n'), /warn .*abababab…/);
  assert.doesNotMatch(log.join('\n'), new RegExp(KEY));
});

test('an error’s own words do not bring a key into the log', async () => {
  const fail = async (): Promise<never> => {
    throw new Error(`EACCES: permission denied, open '/credentials/${KEY}'`);
  };
  const { open, log } = world({ requests: { read: fail } });
  assert.equal((await open(`/key/${KEY}`)).status, 500);
  assert.match(log.join('\n'), /EACCES/);
  assert.doesNotMatch(log.join('\n'), new RegExp(KEY));
});
