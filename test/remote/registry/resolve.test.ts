import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLocation } from '../../../src/pyro/index.ts';
import { RegistryClient, RegistryServer, resolveUri } from '../../../src/remote/index.ts';

test('names and tags become the URI of an object, at the registry that is meant', async (t) => {
  const server = await RegistryServer.listen({ address: { host: '127.0.0.1', port: 0 } });
  t.after(() => server.close());
  const client = await RegistryClient.connect(server.address);
  t.after(() => client.close());
  await client.register({ name: 'a', uri: 'PYRO:a@h:1', tags: ['x'] });
  await client.register({ name: 'b', uri: 'PYRO:b@h:1', tags: ['x', 'y'] });
  const registry = server.address;
  const nowhere = { host: '127.0.0.1', port: 1 };
  assert.equal(await resolveUri('PYRO:o@h:2', { registry: nowhere }), 'PYRO:o@h:2');
  assert.equal(await resolveUri('PYRONAME:a', { registry }), 'PYRO:a@h:1');
  assert.equal(
    await resolveUri(`PYRONAME:b@${formatLocation(registry)}`, { registry: nowhere }),
    'PYRO:b@h:1',
  );
  assert.equal(await resolveUri('PYROMETA:x,y', { registry }), 'PYRO:b@h:1');
  assert.equal(await resolveUri('PYROMETA:x', { registry, pick: (count) => count - 1 }), 'PYRO:b@h:1');
  await assert.rejects(resolveUri('PYROMETA:z', { registry }), { code: 'remote/name-unknown' });
  await assert.rejects(resolveUri('PYRONAME:z', { registry }), { code: 'remote/name-unknown' });
  await assert.rejects(resolveUri('PYRONAME:a', { registry: nowhere }), { code: 'pyro/unreachable' });
  await assert.rejects(resolveUri('PYRONAME:a', { registry, trustedKeys: [] }), { code: 'remote/signature' });
});
