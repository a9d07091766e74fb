import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAccountFile } from '../../src/daemon/web/account-file.ts';
import { issuerPublication } from '../../src/daemon/web/issuer-publication.ts';
import { openRequestFiles } from '../../src/daemon/web/request-files.ts';
import { loadSessionKey } from '../../src/daemon/web/session-key.ts';
import { storedProxies } from '../../src/daemon/web/stored-proxies.ts';
import { Secret } from '../../src/kit/index.ts';
import { FileStore } from '../../src/repository/index.ts';
import { loopbackCertificate } from '../support/loopback-certificate.ts';
import { workspace } from '../support/workspace.ts';
import { startWebWorld } from './web-world.ts';

test('the session key is made once, and upstream’s is used', async (t) => {
  const directory = workspace(t);
  const [one, other] = await Promise.all([loadSessionKey(directory), loadSessionKey(directory)]);
  assert.ok(one.equals(other), 'two that start at once have the same');
  assert.equal(one.length, 24);
  const path = join(directory, 'wsgi_session_key');
  assert.equal(statSync(path).mode & 0o777, 0o400);
  assert.deepEqual(readdirSync(directory), ['wsgi_session_key'], 'nothing is left beside it');

  const upstream = workspace(t);
  writeFileSync(join(upstream, 'wsgi_session_key'), 'u'.repeat(24));
  assert.equal((await loadSessionKey(upstream)).revealText(), 'u'.repeat(24));
  writeFileSync(join(upstream, 'wsgi_session_key'), 'short');
  assert.equal((await loadSessionKey(upstream)).length, 24, 'less than 16 bytes counts as missing');
  assert.equal(readFileSync(join(upstream, 'wsgi_session_key')).length, 24);
});

test('accounts are bound once, however many come at the same time', async (t) => {
  const path = join(workspace(t), 'accounts.json');
  const book = openAccountFile(path);
  const account = (subject: string) => ({ issuer: 'https://op.example', subject });
  const bound = await Promise.all([
    book.remember('alice', 'one', account('a')),
    book.remember('alice', 'one', account('mallory')),
    book.remember('alice', 'two', account('b')),
    book.remember('bob', 'one', account('c')),
  ]);
  assert.deepEqual(bound, [true, false, true, true]);
  assert.equal((await book.list()).length, 3);
  assert.equal((await book.find('alice', 'one'))?.subject, 'a');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(await openAccountFile(path).forget('alice', 'two'), true);
  assert.equal(await book.find('alice', 'two'), undefined, 'another process changed it');
  assert.equal(await book.forget('alice'), true);
  assert.equal(await book.forget('alice'), false);
  assert.deepEqual(
    (await book.list()).map(({ localUser }) => localUser),
    ['bob'],
  );
});

test('accounts that cannot be read bind nobody anew', async (t) => {
  const path = join(workspace(t), 'accounts.json');
  for (const contents of [
    '',
    '{',
    '[]',
    '{"version":2,"accounts":[]}',
    '{"version":1,"accounts":[{"localUser":1}]}',
    'null',
  ]) {
    writeFileSync(path, contents);
    const book = openAccountFile(path);
    await assert.rejects(book.find('alice', 'one'), /cannot be read as such/, contents);
    await assert.rejects(
      book.remember('alice', 'one', { issuer: 'i', subject: 's' }),
      /cannot be read as such/,
    );
    assert.equal(readFileSync(path, 'utf8'), contents);
  }
});

test('request files end after twelve hours, and links are none', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request({});
  const path = join(world.directory, key);
  let now = Date.now();
  const files = openRequestFiles(world.directory, () => new Date(now));
  const [request] = (await files.read(key)) ?? [];
  assert.equal(request?.localUser, 'alice');
  now += 12 * 3_600_000 + 60_000;
  utimesSync(path, new Date(now), new Date(now));
  assert.equal(await files.read(key), undefined, 'what counts is ctime, which nobody sets');
  const link = 'f'.repeat(64);
  symlinkSync(path, join(world.directory, link));
  assert.equal(await openRequestFiles(world.directory).read(link), undefined);
  for (const name of ['pid', '..', `../credentials/${key}`, key.toUpperCase()])
    assert.equal(await files.read(name), undefined, name);
  await files.remove('pid');
  await files.remove(key);
  await files.remove(key);
});

test('a login counts as stored only with the very scopes and audience of the request', async (t) => {
  const world = await startWebWorld(t);
  const key = world.request({ scopes: 'read:/a, write:/b', audience: '' });
  const files = openRequestFiles(world.directory);
  const [request] = (await files.read(key)) ?? [];
  assert.ok(request !== undefined);
  assert.equal(await files.isStored(request), false);
  const { mkdirSync } = await import('node:fs');
  mkdirSync(join(world.directory, 'alice'));
  const top = join(world.directory, 'alice/mytokens.top');
  for (const [contents, isStored] of [
    ['{"refresh_token":"r","scopes":"read:/a, write:/b"}', true],
    ['{"refresh_token":"r","scopes":"read:/a,write:/b"}', false],
    ['{"refresh_token":"r","scopes":"read:/a, write:/b","audience":"x"}', false],
    ['alice@foo', true],
  ] as const) {
    writeFileSync(top, contents);
    assert.equal(await files.isStored(request), isStored, contents);
  }
});

test('the MyProxy store’s credentials of a user, and their end', async (t) => {
  const { certificate, key } = await loopbackCertificate();
  const store = await FileStore.open(join(workspace(t), 'store'), { create: true });
  t.after(() => store.close());
  const credential = { owner: '/O=Grid/CN=Alice', maxLifetimeSeconds: 0, pem: new Secret(certificate + key) };
  await store.write({ username: 'alice', ...credential });
  await store.write({ username: 'alice', name: 'robot', ...credential, description: 'nightly' });
  await store.write({ username: 'bob', ...credential });
  const shelf = storedProxies(store);
  const views = await shelf.list('alice');
  assert.deepEqual(views.map(({ id, kind, purpose }) => [id, kind, purpose]).sort(), [
    ['alice/myproxy:default', 'x509-proxy', '/O=Grid/CN=Alice'],
    ['alice/myproxy:robot', 'x509-proxy', 'nightly'],
  ]);
  assert.ok((views[0]?.expiresAt?.getTime() ?? 0) > Date.now());
  assert.equal((await shelf.list()).length, 3);
  assert.equal(await shelf.revoke('alice/scitokens'), false, 'a token is none of the store’s');
  assert.equal(await shelf.revoke('alice/myproxy:robot'), true);
  assert.deepEqual(
    (await shelf.list('alice')).map(({ id }) => id),
    ['alice/myproxy:default'],
  );
});

test('what local issuers publish, by path; one that has no key does not spoil the others', async (t) => {
  const world = await startWebWorld(t);
  const local = world.credmon.settings.providerOf('scitokens');
  assert.ok(local?.mode === 'local');
  const complaints: string[] = [];
  const published = issuerPublication(
    () => ({
      webPrefix: 'https://ap.example',
      namedProviders: [
        { ...local, issuer: 'https://ap.example' },
        { ...local, name: 'second', keyId: 'second', issuer: 'https://ap.example' },
        { ...local, name: 'deep', issuer: 'https://ap.example/deep' },
        { ...local, name: 'lost', issuer: 'https://lost.example', privateKeyFile: '/nowhere/key.pem' },
      ],
    }),
    (line) => void complaints.push(line),
  );
  const keys = (await published.document('/.well-known/jwks.json')) as { keys: { kid: string; y: string }[] };
  assert.deepEqual(keys.keys.map(({ kid }) => kid).sort(), ['local', 'second']);
  assert.ok(!JSON.stringify(keys).includes('"d"'), 'no private part');
  assert.deepEqual(await published.document('/.well-known/jwks-uri'), keys);
  assert.deepEqual(await published.document('/deep/.well-known/openid-configuration'), {
    issuer: 'https://ap.example/deep',
    jwks_uri: 'https://ap.example/deep/.well-known/jwks.json',
  });
  assert.ok((await published.document('/.well-known/oauth-authorization-server/deep')) !== undefined);
  assert.equal(await published.document('/.well-known/other'), undefined);
  assert.equal(complaints.length, 1);
  assert.match(complaints[0] ?? '', /keys of lost are not published/);
});

test('two issuers at one path: the one of this page’s own host is published, and both conflicts are told', async (t) => {
  const world = await startWebWorld(t);
  const local = world.credmon.settings.providerOf('scitokens');
  assert.ok(local?.mode === 'local');
  const otherKey = join(workspace(t), 'other.pem');
  const { generateKeyPairSync } = await import('node:crypto');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(otherKey, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  const complaints: string[] = [];
  const ours = { ...local, issuer: 'https://ap.example' };
  const published = issuerPublication(
    () => ({
      webPrefix: 'https://ap.example/condor',
      namedProviders: [
        ours,
        { ...ours, name: 'samename', privateKeyFile: otherKey },
        { ...local, name: 'foreign', privateKeyFile: otherKey, issuer: 'https://other.example' },
      ],
    }),
    (line) => void complaints.push(line),
  );
  const about = (await published.document('/.well-known/openid-configuration')) as { issuer: string };
  assert.equal(about.issuer, 'https://ap.example');
  const { keys } = (await published.document('/.well-known/jwks.json')) as { keys: unknown[] };
  assert.equal(keys.length, 1);
  assert.match(complaints.join('\n'), /https:\/\/other\.example.* is not published.*https:\/\/ap\.example/);
  assert.match(complaints.join('\n'), /key of samename is not published.*local/);
});
