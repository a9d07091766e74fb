import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createEc2Client } from '../../src/ec2/index.ts';
import { type Ec2MachineOptions, openEc2Machine, Service } from '../../src/jobs/index.ts';
import { isLatchkeyError, systemClock } from '../../src/kit/index.ts';
import { openSsh } from '../../src/ssh/index.ts';
import type { CloudInstance } from '../support/ec2-cloud.ts';
import { type Ec2Endpoint, startEc2Endpoint } from '../support/ec2-endpoint.ts';
import { havePeers } from '../support/peers.ts';
import { SkippingClock } from '../support/skipping-clock.ts';
import { type SshGround, startSshd } from '../support/sshd.ts';
import { workspace } from '../support/workspace.ts';

/** A stand-in endpoint whose instance is a real sshd on loopback. */
interface Ground {
  readonly endpoint: Ec2Endpoint;
  readonly ssh: SshGround;
  readonly options: Ec2MachineOptions;
  /** Machines that were started, and those that were stopped. */
  readonly seen: { started: number; stopped: number };
}

/**
 * @param install what the machine does with its user data at its first boot
 * @param bootsMs how long after the instance "runs" its sshd answers
 */
async function ground(
  t: Pick<TestContext, 'after'>,
  { install = installHostKey, bootsMs = 0, key = 'user' as 'user' | 'stranger', clock = systemClock } = {},
): Promise<Ground> {
  const ssh = await startSshd(t);
  await ssh.target.stop();
  const seen = { started: 0, stopped: 0 };
  const endpoint = await startEc2Endpoint(t, {
    clock,
    bootMs: 0,
    endMs: 0,
    boot: async (instance) => {
      seen.started += 1;
      install(instance, ssh);
      const up = delay(bootsMs).then(() => ssh.target.start());
      if (bootsMs === 0) await up;
      return {
        address: '127.0.0.1',
        stop: async () => {
          await up;
          await ssh.target.stop();
          seen.stopped += 1;
        },
      };
    },
  });
  const identityFiles = [key === 'user' ? ssh.key : ssh.strangerKey];
  const options: Ec2MachineOptions = {
    client: createEc2Client(endpoint.access, { clock }),
    start: {
      imageId: 'ami-1',
      instanceType: 't3.micro',
      keyPair: { name: 'work', publicKey: readFileSync(`${ssh.key}.pub`, 'utf8') },
      allowFrom: '127.0.0.1',
      sshPort: ssh.target.port,
      tag: 'a1',
    },
    directory: workspace(t),
    connect: (reach) =>
      openSsh({
        ...reach,
        target: { ...reach.target, user: ssh.user },
        credential: { identityFiles, agentSocket: 'none', isExclusive: true },
        configFile: 'none',
      }),
  };
  return { endpoint, ssh, options, seen };
}

/** As cloud-init: the host key of the user data becomes the sshd's. */
function installHostKey(instance: CloudInstance, ssh: SshGround): void {
  const { ssh_keys: keys } = JSON.parse(instance.userData.slice(instance.userData.indexOf('\n')));
  writeFileSync(ssh.target.hostKey, keys.ed25519_private, { mode: 0o600 });
  writeFileSync(`${ssh.target.hostKey}.pub`, keys.ed25519_public);
}

/** For machines that cannot be opened; one that can be is no reason to hang. */
async function openAndClose(options: Ec2MachineOptions): Promise<void> {
  await (await openEc2Machine(options)).close();
}

test('a machine is started, waited for, used over ssh, and ended', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { endpoint, options, seen } = await ground(t, { bootsMs: 1500 });
  const machine = await openEc2Machine(options);
  const { exitCode, stdout } = await machine.run(['echo', "it's $HOME *"]);
  assert.deepEqual([exitCode, stdout.toString()], [0, "it's $HOME *\n"]);
  assert.match(machine.description, /^ec2 i-0[0-9a-f]+ over ssh /);
  assert.deepEqual([endpoint.cloud.alive.length, seen], [1, { started: 1, stopped: 0 }]);
  await Promise.all([machine.close(), machine.close()]);
  assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups], [[], []]);
  assert.deepEqual(seen, { started: 1, stopped: 1 });
  assert.deepEqual(readdirSync(options.directory ?? ''), []);
});

test('a machine that shows another host key gets no login, and is ended', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  // It keeps the key of its image: as an impostor would have another one.
  const { endpoint, ssh, options, seen } = await ground(t, { install: () => {}, clock: new SkippingClock() });
  await assert.rejects(openAndClose(options), (error) => isLatchkeyError(error, 'ssh/host-key'));
  assert.doesNotMatch(ssh.target.log(), /Accepted|Failed publickey|publickey for/);
  assert.match(ssh.target.log(), /Connection (closed|reset)/);
  assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups, seen], [[], [], { started: 1, stopped: 1 }]);
  assert.deepEqual(readdirSync(options.directory ?? ''), []);
});

test('where the login is refused, or nothing ever answers, the machine is ended', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const refused = await ground(t, { key: 'stranger', clock: new SkippingClock() });
  await assert.rejects(openAndClose(refused.options), (error) => isLatchkeyError(error, 'ssh/denied'));
  assert.deepEqual([refused.endpoint.cloud.alive, refused.endpoint.cloud.groups], [[], []]);
  const silent = await ground(t, { clock: new SkippingClock() });
  const start = { ...silent.options.start, sshPort: 1 };
  await assert.rejects(openAndClose({ ...silent.options, start, readyTimeoutMs: 20_000 }), (error) =>
    isLatchkeyError(error, 'ssh/unreachable'),
  );
  assert.deepEqual([silent.endpoint.cloud.alive, silent.endpoint.cloud.groups], [[], []]);
  assert.deepEqual(
    [refused.seen, silent.seen],
    [
      { started: 1, stopped: 1 },
      { started: 1, stopped: 1 },
    ],
  );
});

test('an abort while it boots ends the machine', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen')) return;
  const { endpoint, options, seen } = await ground(t, { clock: new SkippingClock() });
  const controller = new AbortController();
  const reason = new Error('enough');
  let attempts = 0;
  const opening = openAndClose({
    ...options,
    start: { ...options.start, sshPort: 1, signal: controller.signal },
    connect: async (reach) => {
      attempts += 1;
      if (attempts === 2) controller.abort(reason);
      return await options.connect(reach);
    },
  });
  await assert.rejects(opening, reason);
  assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups, seen], [[], [], { started: 1, stopped: 1 }]);
});

test('a job runs on a machine of its service, and both are gone afterwards', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen', 'setsid')) return;
  const { endpoint, ssh, options, seen } = await ground(t, { bootsMs: 500 });
  const service = new Service('ec2://', {
    ec2: options,
    sandboxRoot: join(ssh.directory, 'jobs'),
    poll: { leastMs: 100, mostMs: 500 },
  });
  t.after(() => service.close());
  assert.deepEqual(endpoint.requests, [], 'nothing is started before it is needed');
  const job = await service.run({ executable: 'sh', arguments: ['-c', 'echo on "$0"; exit 3', 'a machine'] });
  assert.equal(await job.wait({ timeoutMs: 60_000 }), true, job.state);
  assert.deepEqual([job.state, job.exitCode], ['Failed', 3]);
  assert.equal(String(await job.stdout()), 'on a machine\n');
  assert.deepEqual([endpoint.cloud.alive.length, seen.started], [1, 1]);
  await service.close();
  assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups, seen], [[], [], { started: 1, stopped: 1 }]);
});

test('without a machine to start, "ec2://" is refused with what is missing', async () => {
  const service = new Service('ec2://');
  await assert.rejects(service.run({ executable: 'true' }), (error) => {
    assert.ok(isLatchkeyError(error, 'jobs/url'));
    assert.equal(error.hint, 'new Service(url, { ec2 })');
    return true;
  });
  await service.close();
});
