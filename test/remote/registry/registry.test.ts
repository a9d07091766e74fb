import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../../src/kit/index.ts';
import {
  publicKeyText,
  Registration,
  RegistryClient,
  RegistryServer,
  type RegistryServerOptions,
  signEntry,
} from '../../../src/remote/index.ts';
import { freePort } from '../../support/free-port.ts';
import { endsWith, workspace } from '../../support/workspace.ts';

const ENTRY = { name: '1@Model', uri: 'PYRO:x@127.0.0.1:1', tags: ['type:model'] };
const OWNER = new Secret('the owner');

async function registry(
  t: TestContext,
  options: Partial<RegistryServerOptions> = {},
): Promise<RegistryServer> {
  const server = await RegistryServer.listen({ address: { host: '127.0.0.1', port: 0 }, ...options });
  if (options.stateFile === undefined) t.after(() => server.close());
  else endsWith(t, options.stateFile, () => server.close());
  return server;
}

async function client(t: TestContext, server: RegistryServer, more = {}): Promise<RegistryClient> {
  const connected = await RegistryClient.connect(server.address, more);
  t.after(() => connected.close());
  return connected;
}

test('names are registered, found, changed and removed; who does not own one changes nothing', async (t) => {
  const server = await registry(t);
  const ours = await client(t, server);
  assert.equal(ours.isOurs, true);
  await ours.ping();
  await ours.register({ ...ENTRY, leaseSeconds: 60 }, OWNER);
  const found = await ours.lookup(ENTRY.name);
  assert.deepEqual(
    [found.uri, found.tags, found.isOwned, found.leaseSeconds],
    [ENTRY.uri, ENTRY.tags, true, 60],
  );
  assert.ok((found.endsInSeconds ?? 0) > 50);
  await assert.rejects(ours.register({ ...ENTRY, uri: 'PYRO:y@h:1' }), { code: 'remote/name-taken' });
  await assert.rejects(ours.remove(ENTRY.name), { code: 'remote/not-owner' });
  await assert.rejects(ours.renew(ENTRY.name, new Secret('x')), { code: 'remote/not-owner' });
  await assert.rejects(
    ours.lookup('none'),
    (error: Error & { hint?: string }) =>
      /unknown name: "none"/.test(error.message) && /ns list/.test(error.hint ?? ''),
  );
  await ours.setTags(ENTRY.name, ['a', 'b'], OWNER);
  assert.deepEqual(
    (await ours.list({ allTags: ['a', 'b'] })).map((entry) => entry.name),
    [ENTRY.name],
  );
  assert.equal(await ours.count(), 2);
  assert.equal(await ours.remove(ENTRY.name, OWNER), true);
  assert.equal(await ours.remove(ENTRY.name, OWNER), false);
});

test('entries are there after a restart, a broken file is told, and nothing of a token is in it', async (t) => {
  const stateFile = join(workspace(t), 'registry.json');
  const first = await RegistryServer.listen({ address: { host: '127.0.0.1', port: 0 }, stateFile });
  const ours = await RegistryClient.connect(first.address);
  await Promise.all(Array.from({ length: 20 }, (_, i) => ours.register({ ...ENTRY, name: `n${i}` }, OWNER)));
  assert.doesNotMatch(readFileSync(stateFile, 'utf8'), /the owner/);
  assert.equal(JSON.parse(readFileSync(stateFile, 'utf8')).entries.length, 20);
  await ours.close();
  await first.close();

  const second = await registry(t, { stateFile });
  const again = await client(t, second);
  assert.equal(await again.count(), 21);
  await assert.rejects(again.remove('n3'), { code: 'remote/not-owner' });
  assert.equal(await again.remove('n3', OWNER), true);
  assert.equal(JSON.parse(readFileSync(stateFile, 'utf8')).entries.length, 19);

  writeFileSync(stateFile, '{"registry":1,"entries":[5]}');
  await assert.rejects(registry(t, { stateFile }), { code: 'config/malformed' });
});

test('signed entries are believed by the key of their host, forged ones are not even registered', async (t) => {
  const server = await registry(t);
  const { privateKey } = generateKeyPairSync('ed25519');
  const signed = signEntry(ENTRY, privateKey, 1000);
  const plain = await client(t, server);
  await plain.register(signed, OWNER);
  await plain.register({ ...ENTRY, name: 'unsigned' });
  const careful = await client(t, server, { trustedKeys: [publicKeyText(privateKey)] });
  assert.deepEqual((await careful.lookup(ENTRY.name)).signature, signed.signature);
  await assert.rejects(careful.lookup('unsigned'), /is not signed/);
  const other = await client(t, server, {
    trustedKeys: [publicKeyText(generateKeyPairSync('ed25519').publicKey)],
  });
  await assert.rejects(other.lookup(ENTRY.name), /a host that is not trusted/);
  await assert.rejects(plain.register({ ...signed, name: 'z' }), { code: 'remote/signature' });
});

test('a name is registered again by itself after the registry was restarted and has forgotten it', async (t) => {
  const port = await freePort();
  const address = { host: '127.0.0.1', port };
  const first = await RegistryServer.listen({ address });
  let beats = 0;
  let wake = () => {};
  const registration = await Registration.begin({
    connect: (signal) => RegistryClient.connect(address, { signal }),
    entry: { ...ENTRY, leaseSeconds: 30 },
    owner: OWNER,
    onTrouble: (error) => {
      if (error === undefined) wake();
    },
    clock: {
      now: () => new Date(),
      sleep: async (_ms, signal) => {
        beats++;
        await new Promise((resolve) => setTimeout(resolve, 20));
        signal?.throwIfAborted();
      },
    },
  });
  t.after(() => registration.close());
  await first.close();
  const back = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const second = await registry(t, { address });
  await back;
  assert.equal((await (await client(t, second)).lookup(ENTRY.name)).uri, ENTRY.uri);
  assert.ok(beats > 0);
  await registration.close();
  assert.equal(second.size, 0);
});

test('a name that is taken is not begun', async (t) => {
  const server = await registry(t);
  await (await client(t, server)).register(ENTRY, new Secret('other'));
  await assert.rejects(
    Registration.begin({ connect: () => RegistryClient.connect(server.address), entry: ENTRY, owner: OWNER }),
    { code: 'remote/name-taken' },
  );
  assert.equal(server.size, 1);
});
