import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { locateClientCredentials } from './index.ts';

const home = mkdtempSync(join(tmpdir(), 'latchkey-location-'));
after(() => rmSync(home, { recursive: true }));
const file = (name: string) => {
  const path = join(home, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  return path;
};
const proxy = { type: 'proxy', path: file('proxy') } as const;
const named = { type: 'pair', certificatePath: file('cert'), keyPath: file('key') } as const;
const usual = {
  type: 'pair',
  certificatePath: file('.globus/usercert.pem'),
  keyPath: file('.globus/userkey.pem'),
} as const;
const X509_USER_PROXY = proxy.path;
const X509_USER_CERT = named.certificatePath;
const X509_USER_KEY = named.keyPath;
const nothing = '/nonexistent';
const UID = 4_000_000_000;

test('a user’s proxy comes first, then the pair named, then the usual one', async () => {
  const locate = (env: NodeJS.ProcessEnv) => locateClientCredentials({ env, home, uid: UID });
  assert.deepEqual(await locate({ X509_USER_PROXY, X509_USER_CERT, X509_USER_KEY }), proxy);
  assert.deepEqual(await locate({ X509_USER_CERT, X509_USER_KEY }), named);
  assert.deepEqual(await locate({ X509_USER_PROXY: nothing, X509_USER_CERT, X509_USER_KEY }), named);
  assert.deepEqual(await locate({}), usual);
  assert.deepEqual(await locate({ X509_USER_CERT }), usual);
  assert.deepEqual(await locate({ X509_USER_PROXY: home }), usual, 'a directory is no proxy');
});

test('for root certificate and key come first, then the proxy', async () => {
  const locate = (env: NodeJS.ProcessEnv) => locateClientCredentials({ env, home, uid: 0 });
  assert.deepEqual(await locate({ X509_USER_PROXY, X509_USER_CERT, X509_USER_KEY }), named);
  assert.deepEqual(await locate({ X509_USER_PROXY, X509_USER_CERT: nothing, X509_USER_KEY: nothing }), proxy);
});

test('a variable that names nothing does not fall back to the usual place', async () => {
  const env = { X509_USER_PROXY: nothing, X509_USER_CERT: nothing, X509_USER_KEY: nothing };
  for (const uid of [0, UID]) assert.equal(await locateClientCredentials({ env, home, uid }), undefined);
});

test('both files of a pair must be there', async () => {
  const env = { X509_USER_CERT, X509_USER_KEY: nothing };
  assert.equal(await locateClientCredentials({ env, home, uid: UID }), undefined);
});
