import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../kit/index.ts';
import type { CredentialView, WebDependencies } from './dependencies.ts';
import type { LinkMap, LinkProgram } from './link-view.ts';
import { createWebApp } from './web-app.ts';

const now = new Date('2027-01-01T00:00:00Z');

const token: CredentialView = {
  id: 'alice/mytokens_read',
  owner: 'alice',
  kind: 'token',
  provider: 'mytokens',
  mode: 'oauth',
  purpose: 'read:/public',
  authority: 'https://op.example',
  state: 'retrying',
  issuedAt: new Date('2026-12-31T23:50:00Z'),
  expiresAt: new Date('2027-01-01T00:10:00Z'),
  lastRenewedAt: new Date('2026-12-31T23:50:00Z'),
  nextAt: new Date('2027-01-01T00:01:00Z'),
  failures: 2,
  lastError: { code: 'oauth/unavailable', message: 'it is down', hint: 'wait', at: now },
  canRenew: true,
  canRevoke: true,
  canLogIn: false,
};

const proxy: CredentialView = {
  id: 'bob/myproxy:default',
  owner: 'bob',
  kind: 'x509-proxy',
  provider: 'MyProxy',
  state: 'current',
  failures: 0,
  canRenew: false,
  canRevoke: true,
  canLogIn: false,
};

const coupling: LinkProgram = {
  ...{ owner: 'alice', name: 'coupling', pid: 7, isRunning: true, toldAt: now },
  links: [
    {
      ...{ number: 1, machines: ['here', 'thermal'], from: '/run/l1', to: '127.0.0.1:3300', state: 'lost' },
      ...{ since: now, cause: 'cut', remedy: 'wait', provenAt: now, isShared: false },
    },
  ],
};

const MAP: LinkMap = { width: 1, height: 1, machines: [], arrows: [] };

function appWith(done: string[] = []) {
  const unused = (): never => {
    throw new TypeError('not asked here');
  };
  const deps: WebDependencies = {
    prefix: 'https://ap.example/condor',
    sessionKey: new Secret('0123456789abcdef'),
    clock: { now: () => now, sleep: async () => {} },
    requests: { read: async () => undefined, isStored: unused, remove: unused },
    logins: { begin: unused, finish: unused, store: unused, discard: unused },
    accounts: { find: async () => undefined, remember: unused },
    credentials: {
      list: async (owner) => [token, proxy].filter((view) => owner === undefined || view.owner === owner),
      renew: async (id) => void done.push(`renew ${id}`),
      loginRequest: async () => undefined,
      revoke: async (id) => void done.push(`revoke ${id}`),
      breakers: () => new Map([['https://op.example', 'open' as const]]),
      unserved: () =>
        Array.from({ length: 120 }, (_, n) => ({
          id: `carol/box_${n}`,
          message: 'no provider <box> is configured',
        })),
    },
    links: {
      picture: async (owner) => ({
        programs: owner === 'bob' ? [] : [coupling],
        maps: { wide: MAP, narrow: MAP },
      }),
    },
    publication: { document: async () => undefined },
    health: {
      live: () => ({ ok: true }),
      ready: async () => ({ ok: false, checks: { scan: 'not yet' } }),
      metrics: async () => ({ contentType: 'text/plain', text: 'up 1\n' }),
    },
    signIn: { redeem: async (code) => ({ '7GK2-M4QX': 'alice', 'B0BB-B0BB': 'bob' })[code] },
    demandsLocalProof: false,
    operators: ['root'],
    log: () => {},
  };
  const app = createWebApp(deps);
  const call = (path: string, init: RequestInit = {}, peer = {}): Promise<Response> =>
    app.fetch(new Request(`https://ap.example/condor${path}`, init), peer);
  return { call };
}

interface Document {
  readonly paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
  readonly components: { readonly schemas: Record<string, JsonSchema> };
}

interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Record<string, JsonSchema>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
}

/** What is wrong with a value by a schema of ours. */
function violations(
  value: unknown,
  schema: JsonSchema,
  all: Document['components']['schemas'],
  at = '$',
): string[] {
  if (schema.$ref !== undefined) {
    const named = all[schema.$ref.replace('#/components/schemas/', '')];
    return named === undefined ? [`${at}: no schema ${schema.$ref}`] : violations(value, named, all, at);
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${at}: ${String(value)}`];
  switch (schema.type) {
    case 'string': {
      if (typeof value !== 'string') return [`${at}: no string`];
      const isTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
      return schema.format === 'date-time' && !isTime ? [`${at}: no time`] : [];
    }
    case 'integer':
      return Number.isInteger(value) ? [] : [`${at}: no integer`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${at}: no boolean`];
    case 'array':
      if (!Array.isArray(value)) return [`${at}: no array`];
      return value.flatMap((item, index) => violations(item, schema.items ?? {}, all, `${at}[${index}]`));
    case 'object': {
      if (typeof value !== 'object' || value === null) return [`${at}: no object`];
      const properties = schema.properties ?? {};
      return [
        ...(schema.required ?? []).filter((name) => !(name in value)).map((name) => `${at}: no ${name}`),
        ...Object.entries(value).flatMap(([name, member]) => {
          const inner = properties[name];
          return inner === undefined
            ? [`${at}: unknown ${name}`]
            : violations(member, inner, all, `${at}.${name}`);
        }),
      ];
    }
    default:
      return [];
  }
}

async function description(): Promise<Document> {
  const response = await appWith().call('/api/v1/openapi.json');
  return (await response.json()) as Document;
}

const POST = { method: 'POST', headers: { 'x-latchkey-request': '1' } } as const;

test('everything described is there, and answers what is described', async () => {
  const { paths, components } = await description();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { operationId, responses }] of Object.entries(methods)) {
      const { call } = appWith();
      const url = `/api/v1${path.replace('{owner}', 'alice').replace('{name}', 'mytokens_read')}`;
      const body = operationId === 'createSession' ? { body: JSON.stringify({ code: '7GK2-M4QX' }) } : {};
      const response = await call(url, method === 'post' ? { ...POST, ...body } : {}, { isOperator: true });
      assert.equal(response.status, 200, `${operationId}: ${await response.clone().text()}`);
      const content = (responses['200'] as { content: Record<string, { schema: JsonSchema }> }).content;
      const schema = content['application/json']?.schema ?? {};
      assert.deepEqual(violations(await response.json(), schema, components.schemas), [], operationId);
    }
  }
});

test('nothing is there that is not described', async () => {
  const { paths } = await description();
  const { call } = appWith();
  for (const path of ['/', '/metrics', '/credentials/alice', '/session/x', '/credentials/alice/x/y']) {
    assert.equal(paths[path], undefined);
    const response = await call(`/api/v1${path}`, {}, { isOperator: true });
    assert.equal(response.status, 404, path);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
  }
  for (const [path, methods] of Object.entries(paths)) {
    const other = methods.get === undefined ? 'GET' : 'PUT';
    const url = `/api/v1${path.replace('{owner}', 'alice').replace('{name}', 'mytokens_read')}`;
    assert.equal((await call(url, { method: other }, { isOperator: true })).status, 404, `${other} ${path}`);
  }
});

test('who may do what', async () => {
  const done: string[] = [];
  const { call } = appWith(done);
  const statusOf = async (path: string, init: RequestInit = {}): Promise<number> =>
    (await call(`/api/v1${path}`, init)).status;
  assert.equal(await statusOf('/session'), 401);
  assert.equal(await statusOf('/credentials'), 401);
  assert.equal(await statusOf('/links'), 401);
  assert.equal(await statusOf('/operator'), 401);
  const session = await call('/api/v1/sessions', { ...POST, body: JSON.stringify({ code: '7GK2-M4QX' }) });
  const { token: bearer } = (await session.json()) as { token: string };
  const alice = { headers: { authorization: `Bearer ${bearer}` } };
  const act = { method: 'POST', headers: { ...alice.headers, 'x-latchkey-request': '1' } };
  assert.equal(await statusOf('/credentials', alice), 200);
  assert.equal(await statusOf('/credentials?owner=bob', alice), 403);
  assert.equal(await statusOf('/credentials?owner=*', alice), 403);
  assert.equal(await statusOf('/links', alice), 200);
  assert.equal(await statusOf('/links?owner=alice', alice), 200);
  assert.equal(await statusOf('/links?owner=bob', alice), 403);
  assert.equal(await statusOf('/links?owner=*', alice), 403);
  assert.equal(
    await statusOf('/credentials/bob/myproxy:default', alice),
    404,
    'what is not hers is not there',
  );
  assert.equal(await statusOf('/credentials/bob/myproxy:default/revoke', act), 404);
  assert.equal(await statusOf('/operator', alice), 403);
  assert.equal(await statusOf('/credentials/alice/mytokens_read/revoke', { ...alice, method: 'POST' }), 403);
  const foreign = { ...act, headers: { ...act.headers, origin: 'https://evil.example' } };
  assert.equal(await statusOf('/credentials/alice/mytokens_read/revoke', foreign), 403);
  assert.deepEqual(done, []);
  assert.equal(await statusOf('/credentials/alice/mytokens_read/renew', act), 200);
  assert.equal(await statusOf('/credentials/alice/mytokens_read/revoke', act), 200);
  assert.deepEqual(done, ['renew alice/mytokens_read', 'revoke alice/mytokens_read']);
});

test('guessing codes ends soon, for this address', async () => {
  const { call } = appWith();
  const guess = (code: string, address: string): Promise<Response> =>
    call('/api/v1/sessions', { ...POST, body: JSON.stringify({ code }) }, { address });
  for (let round = 0; round < 10; round += 1)
    assert.equal((await guess(`AAAA-AAA${round}`, '192.0.2.1')).status, 403);
  assert.equal((await guess('7GK2-M4QX', '192.0.2.1')).status, 429);
  assert.equal((await guess('7GK2-M4QX', '192.0.2.2')).status, 200);
});

test('strangers learn yes or no, operators the rest', async () => {
  const { call } = appWith();
  assert.equal((await call('/metrics')).status, 403);
  assert.equal(await (await call('/metrics', {}, { isOperator: true })).text(), 'up 1\n');
  const ready = await call('/readyz');
  assert.equal(ready.status, 503);
  assert.deepEqual(await ready.json(), { ok: false });
  const all = await call('/readyz', {}, { isOperator: true });
  assert.deepEqual(await all.json(), { ok: false, checks: { scan: 'not yet' } });
});

test('every answer is safe to show, and no page is kept', async () => {
  const { call } = appWith();
  for (const path of ['/', '/sign-in', '/nothing', `/key/${'0'.repeat(64)}`, '/api/v1/session', '/healthz']) {
    const { headers } = await call(path);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/, path);
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  }
  const cookie = (await call('/sign-in')).headers.get('set-cookie') ?? '';
  assert.match(cookie, /^__Secure-latchkey=.*; Path=\/condor; HttpOnly; Secure; SameSite=Lax$/);
});

test('operators see requests that nobody serves', async () => {
  const { call } = appWith();
  const page = await (await call('/operator', {}, { isOperator: true })).text();
  assert.match(page, /120<\/b><span>not served/);
  assert.match(page, /carol\/box_0.*No provider &lt;box&gt; is configured/s);
  assert.match(page, /20 more are not shown here/);
  const overview = await (await call('/api/v1/operator', {}, { isOperator: true })).json();
  assert.equal((overview as { unserved: unknown[] }).unserved.length, 120);
});

test('what is not renewed here is not said to be kept up to date, and a failed renewal is tried, not done, next', async () => {
  const { call } = appWith();
  const pageOf = async (code: string): Promise<string> => {
    const session = await call('/api/v1/sessions', { ...POST, body: JSON.stringify({ code }) });
    const { token: bearer } = (await session.json()) as { token: string };
    return (await call('/', { headers: { cookie: `__Secure-latchkey=${bearer}` } })).text();
  };
  const bob = await pageOf('B0BB-B0BB');
  assert.match(bob, /Nothing needs your attention/);
  assert.doesNotMatch(bob, /kept up to date/);
  const alice = await pageOf('7GK2-M4QX');
  assert.match(alice, /<dt>Next try<\/dt>/);
  assert.doesNotMatch(alice, /Next renewal/);
});

test('bodies and addresses have an end', async () => {
  const { call } = appWith();
  const long = await call('/api/v1/sessions', {
    ...POST,
    body: JSON.stringify({ code: 'A'.repeat(20_000) }),
  });
  assert.equal(long.status, 413);
  assert.equal((await call(`/key/${'a'.repeat(20_000)}`)).status, 414);
});
