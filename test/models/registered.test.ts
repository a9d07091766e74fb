import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type EntryOnWire, RegistryClient, RegistryServer, verifyEntry } from '../../src/remote/index.ts';
import { freePort } from '../support/free-port.ts';
import { modelServerProcess } from '../support/model-server-process.ts';
import { workspace } from '../support/workspace.ts';

const NAME = 'Mupif.JobManager@Example';

test('a model server is found by its name, keeps it over a kill and a new port, and no other server gets it', async (t) => {
  const registry = await RegistryServer.listen({ address: { host: '127.0.0.1', port: await freePort() } });
  t.after(() => registry.close());
  const client = await RegistryClient.connect(registry.address);
  t.after(() => client.close());
  const { port } = registry.address as { port: number };
  const words = ['--ns', `127.0.0.1:${port}`, '--name', NAME, '--listen', '127.0.0.1:0', '--', 'true'];

  const first = await modelServerProcess(t, words);
  const entry = await client.lookup(NAME);
  assert.equal(entry.uri, first.uri);
  assert.ok(verifyEntry(entry) && entry.isOwned);
  assert.ok(entry.tags.includes('type:jobmanager') && entry.tags.includes('host:127.0.0.1'));

  const other = modelServerProcess(t, words, { directory: join(workspace(t), 'other') });
  await assert.rejects(other, /it ended with 3:\n.*name already registered: "Mupif\.JobManager@Example"/s);

  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  const second = await modelServerProcess(t, words, { directory: first.directory });
  const again = await client.lookup(NAME);
  assert.equal(again.uri, second.uri);
  assert.notEqual(again.uri, first.uri);
  assert.equal(again.signature?.key, entry.signature?.key);

  second.process.kill('SIGTERM');
  const how = await once(second.process, 'exit');
  assert.deepEqual(how, [0, null], second.said());
  await assert.rejects(client.lookup(NAME), { code: 'remote/name-unknown' });
});

test('a model server starts without its registry, says so, and is in it once it is there', async (t) => {
  const port = await freePort();
  const server = await modelServerProcess(t, ['--ns', `127.0.0.1:${port}`, '--name', NAME, '--', 'true']);
  assert.match(server.said(), /! not registered: .*127\.0\.0\.1/);
  const registry = await RegistryServer.listen({ address: { host: '127.0.0.1', port } });
  t.after(() => registry.close());
  const client = await RegistryClient.connect(registry.address);
  t.after(() => client.close());
  let entry: EntryOnWire | undefined;
  while (entry === undefined) {
    entry = await client.lookup(NAME).catch(() => undefined);
    if (entry === undefined) await delay(100);
  }
  assert.equal(entry.uri, server.uri);
});
