import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEc2Client, findLeaked, startInstance } from '../../src/ec2/index.ts';
import { startEc2Endpoint } from '../support/ec2-endpoint.ts';
import { SkippingClock } from '../support/skipping-clock.ts';

const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa6KmYF12/LKON+4rf6ST7o1OJUgq4FXJWv+0Gwbiy1 root@vm';
const WISH = {
  imageId: 'ami-1',
  instanceType: 't3.micro',
  keyPair: { name: 'work', publicKey: PUBLIC_KEY },
  allowFrom: '203.0.113.7',
} as const;

test('an instance is started with all that belongs to it, and leaves nothing but the key pair', async (t) => {
  const clock = new SkippingClock();
  const endpoint = await startEc2Endpoint(t, { clock });
  const client = createEc2Client(endpoint.access, { clock });
  const instance = await startInstance(client, { ...WISH, tag: 'a1' });
  assert.equal(instance.address, '127.0.0.1');
  const [known] = endpoint.cloud.instances;
  assert.ok(known);
  assert.equal(known.id, instance.id);
  assert.deepEqual(
    [...known.tags],
    [
      ['latchkey', 'a1'],
      ['Name', 'latchkey-a1'],
    ],
  );
  assert.deepEqual(known.groupIds, [endpoint.cloud.groups[0]?.id]);
  assert.deepEqual(endpoint.cloud.groups[0]?.rules, [
    { protocol: 'tcp', from: '22', to: '22', cidr: '203.0.113.7/32' },
  ]);
  assert.deepEqual(
    endpoint.cloud.keyPairs.map(({ name }) => name),
    ['work'],
  );
  const leaked = await findLeaked(client, 'a1');
  assert.deepEqual([leaked.instances.map(({ id }) => id), leaked.securityGroups.length], [[instance.id], 1]);
  await instance.terminate();
  assert.deepEqual(endpoint.cloud.alive, []);
  assert.deepEqual(endpoint.cloud.groups, []);
  assert.deepEqual(await findLeaked(client), { instances: [], securityGroups: [] });
  assert.deepEqual(endpoint.refusedSignatures, []);
});
