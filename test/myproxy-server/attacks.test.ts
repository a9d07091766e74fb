import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { StoredChains } from '../../src/myproxy/index.ts';
import { FileStore } from '../../src/repository/index.ts';
import { memoryTrustStore } from '../../src/x509/index.ts';
import { credentialPem, errorLines, get, put, refused, storeIdentity } from '../support/client-side.ts';
import {
  type InProcessServer,
  inProcessServer,
  proxyOf,
  type TestIdentity,
  testAuthority,
} from '../support/in-process-server.ts';
import { workspace } from '../support/workspace.ts';

const authority = await testAuthority();
const jane = await authority.issue('Jane');
const mallory = await authority.issue('Mallory');

/** Mallory's proxy, Jane's certificate, Mallory's certificate: a valid path that reads as if it were Jane's. */
async function asJane(): Promise<TestIdentity> {
  const proxy = await proxyOf(mallory);
  const [leaf] = proxy.chain;
  assert.ok(leaf);
  return { chain: [leaf, ...jane.chain, ...mallory.chain], privateKey: proxy.privateKey };
}

test("a stored chain with somebody else's certificate in it passes for nobody else's", async () => {
  const access = { defaultTrustedRetrievers: ['*'] };
  const server = inProcessServer(authority, { access });
  const answer = await storeIdentity(server, mallory, {}, credentialPem(await asJane()));
  assert.deepEqual(errorLines(answer), [
    'Credentials are not valid.',
    'the certificates are not in order, leaf first',
  ]);
  // One that was stored otherwise, as by the C server, does not get round allow_self_authorization.
  const pem = new Secret(credentialPem(await asJane()));
  await server.store.write({ username: 'jane', owner: '/O=Test/CN=Mallory', maxLifetimeSeconds: 0, pem });
  const lines = refused(await get(server, mallory, { passPhrase: new Secret('') }));
  assert.equal(lines[1], 'the stored certificates are not in order, leaf first');
});

test('a text of line ends where a chain was due costs no time', async () => {
  const server = inProcessServer(authority);
  const client = server.connect(mallory);
  client.request({ command: 'PUT', passPhrase: new Secret('correct horse') });
  assert.equal((await client.response()).status, 'ok');
  await client.reader.der();
  const started = performance.now();
  client.send(Buffer.from(`VERSION=MYPROXYv2\n${'\n'.repeat(50_000)}ERROR=no key\n\0`));
  assert.equal(errorLines(await client.response())[1], 'the client could not delegate');
  await client.closed;
  assert.ok(performance.now() - started < 2_000, `${performance.now() - started} ms`);
  assert.match(server.audit.at(-1)?.why ?? '', /: no key$/);
});

test('what a client calls itself starts no line in the log and no sequence on a terminal', async () => {
  const server = inProcessServer(authority);
  const username = 'jane\r1970 forged\u001b[2J\u009b';
  await put(server, jane, { username });
  for (let tries = 0; tries < 6; tries += 1) await guess(server, tries, { username });
  assert.ok(server.log.some(({ line }) => /^next pass phrase/.test(line)));
  for (const { line } of server.log) assert.doesNotMatch(line, /\p{Cc}/u);
});

/** Tries a wrong pass phrase: true when it was tried on the key, and not held up. */
async function guess(server: InProcessServer, number: number, fields: Parameters<typeof get>[2] = {}) {
  const passPhrase = new Secret(`wrong guess ${number}`);
  return refused(await get(server, undefined, { passPhrase, ...fields })).includes('Bad password');
}

test('guessing under the other names that lead to the same files is guessing at one account', async (t) => {
  const store = await FileStore.open(workspace(t));
  t.after(() => store.close());
  const server = inProcessServer(authority, { store });
  await put(server, jane, { username: 'jane', credentialName: 'a-b-c' });
  let tried = 0;
  for (const [username, credentialName] of [
    ['jane', 'a-b-c'],
    ['jane-a', 'b-c'],
    ['jane-a-b', 'c'],
  ] as const) {
    for (let tries = 0; tries < 5; tries += 1) {
      if (await guess(server, tried, { username, credentialName })) tried += 1;
    }
  }
  assert.equal(tried + Number(await guess(server, tried, { username: 'jane-a-b-c' })), 5);
});

test("one's own credential under another's user name does not clear the count of wrong pass phrases", async () => {
  const server = inProcessServer(authority);
  await put(server, jane);
  const own = { credentialName: 'x', passPhrase: new Secret('of Mallory') };
  await put(server, mallory, own);
  let tried = 0;
  for (let tries = 0; tries < 12; tries += 1) {
    if (await guess(server, tries)) tried += 1;
    if (tries % 3 === 0) assert.ok(!('status' in (await get(server, undefined, own))));
  }
  assert.equal(tried, 5);
});

test('nor does it with check_multiple_credentials, when it has the pass phrase that is guessed', async () => {
  const server = inProcessServer(authority, { policy: { checkMultipleCredentials: true } });
  await put(server, jane);
  let tried = 0;
  for (let tries = 0; tries < 8; tries += 1) {
    const passPhrase = new Secret(`wrong guess ${tries}`);
    await put(server, mallory, { credentialName: 'x', passPhrase });
    if (!('status' in (await get(server, undefined, { passPhrase })))) tried += 1;
  }
  assert.equal(tried, 5);
});

test('a name that reads as another one in a single line is not let in', async () => {
  const server = inProcessServer(authority);
  const twofold = await authority.issue('Jane\\');
  assert.match(errorLines(await put(server, twofold))[1] ?? '', /reads? as another/);
  assert.deepEqual(await put(server, await authority.issue('DOMAIN\\jane')), { status: 'ok' });
});

test('a good verdict on a stored chain does not outlive what it rests on by more than minutes', () => {
  const chains = new StoredChains();
  const chain = chains.open({ pem: new Secret(credentialPem(jane)) });
  const now = new Date();
  const after = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
  const nobody = memoryTrustStore({ authorities: [], signingPolicies: [] });
  assert.ok(chains.validate(chain, authority.trust, now).ok);
  assert.ok(chains.validate(chain, nobody, after(5)).ok, 'it is remembered');
  assert.ok(!chains.validate(chain, nobody, after(11)).ok, 'as when a revocation list has expired');
});
