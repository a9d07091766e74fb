import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEc2Client, ensureKeyPair, findLeaked, startInstance } from '../../src/ec2/index.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';
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

test('with "await using" it ends with the block, also when that throws', async (t) => {
  const clock = new SkippingClock();
  const endpoint = await startEc2Endpoint(t, { clock });
  const client = createEc2Client(endpoint.access, { clock });
  const work = async () => {
    await using instance = await startInstance(client, WISH);
    assert.equal(endpoint.cloud.alive[0]?.id, instance.id);
    throw new Error('the work failed');
  };
  await assert.rejects(work(), /the work failed/);
  assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups], [[], []]);
});

test('terminate is one removal, however often it is called, and can be tried again after an error', async (t) => {
  const clock = new SkippingClock();
  let isRefusing = true;
  const endpoint = await startEc2Endpoint(t, {
    clock,
    fault: (action) =>
      action === 'TerminateInstances' && isRefusing
        ? { code: 'UnauthorizedOperation', status: 403 }
        : undefined,
  });
  const client = createEc2Client(endpoint.access, { clock });
  const instance = await startInstance(client, { ...WISH, tag: 'a1' });
  await assert.rejects(instance.terminate(), (error) => {
    assert.ok(isLatchkeyError(error, 'ec2/refused'));
    assert.deepEqual((error.details.left as { instance: string }).instance, instance.id);
    return true;
  });
  isRefusing = false;
  await Promise.all([instance.terminate(), instance.terminate(), instance.terminate()]);
  await instance.terminate();
  assert.equal(endpoint.requests.filter(({ action }) => action === 'TerminateInstances').length, 2);
  assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups], [[], []]);
});

test('the host key is the one that was put in, known before the machine boots', async (t) => {
  const clock = new SkippingClock();
  const endpoint = await startEc2Endpoint(t, { clock });
  const client = createEc2Client(endpoint.access, { clock });
  await using instance = await startInstance(client, { ...WISH, maxLifetimeMinutes: 90 });
  const [known] = endpoint.cloud.instances;
  const [first = '', ...rest] = known?.userData.split('\n') ?? [];
  assert.equal(first, '#cloud-config');
  const config = JSON.parse(rest.join('\n'));
  assert.deepEqual(instance.hostKeys, [config.ssh_keys.ed25519_public]);
  assert.match(config.ssh_keys.ed25519_private, /^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
  assert.equal(config.ssh_deletekeys, true);
  assert.deepEqual(config.runcmd, [['shutdown', '-P', '+90']]);
  assert.equal(known?.parameters.get('InstanceInitiatedShutdownBehavior'), 'terminate');
  assert.equal(known?.parameters.get('MetadataOptions.HttpTokens'), 'required');
  assert.equal(endpoint.requests.filter(({ action }) => action === 'GetConsoleOutput').length, 0);
});

test('host keys are read from the console, once it has them', async (t) => {
  const clock = new SkippingClock();
  const keys = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa6KmYF12/LKON+4rf6ST7o1OJUgq4FXJWv+0Gwbiy2'];
  const endpoint = await startEc2Endpoint(t, {
    clock,
    consoleMs: 240_000,
    boot: async () => ({ address: '127.0.0.1', hostKeys: keys }),
    fault: (_action, _index, parameters) =>
      parameters.has('Latest') ? { code: 'UnsupportedOperation' } : undefined,
  });
  const client = createEc2Client(endpoint.access, { clock });
  await using instance = await startInstance(client, { ...WISH, hostKey: 'console' });
  assert.deepEqual(instance.hostKeys, keys);
  assert.equal(endpoint.cloud.instances[0]?.userData, '');
  // Kinds of instances that cannot give the newest output are asked for what they have.
  assert.equal(endpoint.requests.at(-1)?.parameters.has('Latest'), false);
});

test('a new instance that other requests do not see yet is waited for', async (t) => {
  const clock = new SkippingClock();
  const endpoint = await startEc2Endpoint(t, { clock, visibleMs: 10_000 });
  const client = createEc2Client(endpoint.access, { clock });
  await using instance = await startInstance(client, WISH);
  assert.equal(instance.address, '127.0.0.1');
  assert.equal(endpoint.cloud.instances.length, 1);
});

test('a lost answer of RunInstances does not start a second machine', async (t) => {
  const clock = new SkippingClock();
  let isFirst = true;
  const endpoint = await startEc2Endpoint(t, {
    clock,
    fault: (action) => {
      if (action !== 'RunInstances' || !isFirst) return undefined;
      isFirst = false;
      return 'lost';
    },
  });
  const client = createEc2Client(endpoint.access, { clock });
  await using instance = await startInstance(client, WISH);
  assert.deepEqual(
    endpoint.cloud.instances.map(({ id }) => id),
    [instance.id],
  );
  assert.equal(endpoint.requests.filter(({ action }) => action === 'RunInstances').length, 2);
});

test('a machine that dies at its start, or gets no address, is an error with the reason, and is gone', async (t) => {
  for (const [options, code, text] of [
    [
      { dies: 'Server.InsufficientInstanceCapacity' },
      'ec2/refused',
      /shutting-down.*InsufficientInstanceCapacity/,
    ],
    [{ addresses: 'none' }, 'ec2/timed-out', /is running, with public address: none/],
    [{ bootMs: 3_600_000 }, 'ec2/timed-out', /is pending/],
  ] as const) {
    const clock = new SkippingClock();
    const endpoint = await startEc2Endpoint(t, { clock, ...options });
    const client = createEc2Client(endpoint.access, { clock });
    await assert.rejects(startInstance(client, WISH), (error) => {
      assert.ok(isLatchkeyError(error, code));
      assert.match(error.message, text);
      return true;
    });
    assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups], [[], []]);
  }
});

test('of a key pair that is registered, the key must be the same', async (t) => {
  const clock = new SkippingClock();
  const endpoint = await startEc2Endpoint(t, { clock });
  const client = createEc2Client(endpoint.access, { clock });
  assert.deepEqual(await ensureKeyPair(client, WISH.keyPair), {
    name: 'work',
    isNew: true,
    isCompared: true,
  });
  assert.deepEqual(await ensureKeyPair(client, WISH.keyPair), {
    name: 'work',
    isNew: false,
    isCompared: true,
  });
  const other = { name: 'work', publicKey: PUBLIC_KEY.replace('IMa6', 'IMa7') };
  await assert.rejects(startInstance(client, { ...WISH, keyPair: other }), (error) => {
    assert.ok(isLatchkeyError(error, 'ec2/config'));
    assert.match(error.message, /another key is registered as "work"/);
    return true;
  });
  await assert.rejects(startInstance(client, { ...WISH, keyPair: { name: 'home' } }), (error) => {
    assert.ok(isLatchkeyError(error, 'ec2/refused'));
    assert.equal(error.details.awsCode, 'InvalidKeyPair.NotFound');
    return true;
  });
  assert.deepEqual([endpoint.cloud.instances, endpoint.cloud.groups], [[], []]);
  assert.deepEqual(
    endpoint.cloud.keyPairs.map(({ name, publicKey }) => [name, publicKey]),
    [['work', PUBLIC_KEY.replace(' root@vm', '')]],
  );
});

test("groups of one's own are used and left alone", async (t) => {
  const clock = new SkippingClock();
  const endpoint = await startEc2Endpoint(t, { clock });
  const client = createEc2Client(endpoint.access, { clock });
  const id = await client.createSecurityGroup({ name: 'own', description: 'own', tags: {} });
  const { imageId, instanceType } = WISH;
  const instance = await startInstance(client, { imageId, instanceType, securityGroupIds: [id] });
  await instance.terminate();
  assert.deepEqual(
    endpoint.cloud.groups.map((group) => group.id),
    [id],
  );
  assert.deepEqual(endpoint.cloud.alive, []);
});

test('what cannot be meant is refused before anything is sent', async (t) => {
  const clock = new SkippingClock();
  const endpoint = await startEc2Endpoint(t, { clock });
  const client = createEc2Client(endpoint.access, { clock });
  const { imageId, instanceType } = WISH;
  for (const options of [
    { imageId, instanceType },
    { ...WISH, securityGroupIds: ['sg-1'] },
    { ...WISH, allowFrom: '0.0.0.0/0' },
    { ...WISH, tag: 'a b' },
    { ...WISH, sshPort: 0 },
    { ...WISH, maxLifetimeMinutes: 1.5 },
  ])
    await assert.rejects(startInstance(client, options), (error) => isLatchkeyError(error, 'ec2/config'));
  assert.deepEqual(endpoint.requests, []);
});
