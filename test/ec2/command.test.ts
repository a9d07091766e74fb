import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Service } from '../../src/jobs/index.ts';
import { isLatchkeyError, systemClock } from '../../src/kit/index.ts';
import { personIn } from '../cli-commands/installation.ts';
import { startEc2Endpoint } from '../support/ec2-endpoint.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { startSshd } from '../support/sshd.ts';
import { workspace } from '../support/workspace.ts';

/** A stand-in endpoint whose instance is a real sshd, and the command with an account there. */
async function account(t: TestContext) {
  const ssh = await startSshd(t);
  await ssh.target.stop();
  const seen = { started: 0, stopped: 0 };
  const endpoint = await startEc2Endpoint(t, {
    ...{ clock: systemClock, bootMs: 0, endMs: 0 },
    boot: async (instance) => {
      seen.started += 1;
      const { ssh_keys: keys } = JSON.parse(instance.userData.slice(instance.userData.indexOf('\n')));
      writeFileSync(ssh.target.hostKey, keys.ed25519_private, { mode: 0o600 });
      writeFileSync(`${ssh.target.hostKey}.pub`, keys.ed25519_public);
      await ssh.target.start();
      return {
        address: '127.0.0.1',
        stop: async () => {
          await ssh.target.stop();
          seen.stopped += 1;
        },
      };
    },
  });
  const home = workspace(t);
  const start = (argv: readonly string[]) => {
    const env = {
      ...personIn(home),
      ...{ AWS_ACCESS_KEY_ID: endpoint.access.accessKeyId, AWS_ENDPOINT_URL_EC2: endpoint.url },
      AWS_SECRET_ACCESS_KEY: endpoint.access.secretAccessKey.revealText(),
    };
    const child = spawn(process.execPath, [latchkeyExecutable, ...argv], { cwd: home, env });
    t.after(() => child.kill('SIGKILL'));
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (part) => {
      said.stdout += part;
    });
    child.stderr.on('data', (part) => {
      said.stderr += part;
    });
    const ended = once(child, 'close').then(([code]) => ({ code, ...said }));
    return { child, said, ended };
  };
  const options = [
    ...['--image', 'ami-1', '--instance-type', 't3.micro', '--allow-from', '127.0.0.1', '--key-name', 'work'],
    ...['-i', ssh.key, '--login', ssh.user, '--ssh-port', String(ssh.target.port)],
    ...['--ssh-config', 'none', '--sandboxes', `${ssh.directory}/jobs`, '--machine-time', '90m'],
  ];
  return { endpoint, seen, start, options };
}

test('latchkey run ec2://: a machine is started, the command runs there, and it is ended', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen', 'setsid')) return;
  const { endpoint, seen, start, options } = await account(t);
  const run = await start(['run', ...options, 'ec2://', '--', 'sh', '-c', 'echo "a  b"; exit 7']).ended;
  assert.deepEqual([run.code, run.stdout], [7, 'a  b\n'], run.stderr);
  assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups, seen], [[], [], { started: 1, stopped: 1 }]);
  const id = /\[ec2:.*\]/.exec(run.stderr)?.[0] as string;
  const shown = await start(['jobs', 'show', id]).ended;
  assert.match(shown.stderr, /ended with the machine that it ran on/);
  assert.deepEqual([shown.code, seen.started], [5, 1]);
  assert.match((await start(['jobs', 'list', 'ec2://']).ended).stdout, /no jobs/);
  const detached = await start(['run', '--detach', ...options, 'ec2://', '--', 'true']).ended;
  assert.deepEqual([/cannot be detached/.test(detached.stderr), seen.started], [true, 1]);
  const bare = await start(['run', 'ec2://', '--', 'true']).ended;
  assert.match(bare.stderr, /ec2:\/\/ needs --image.*hint: such as --image ami/s);
});

test('interrupted, latchkey run ec2:// leaves no machine: while its job runs, and while it boots', async (t) => {
  if (!havePeers(t, 'sshd', 'ssh', 'ssh-keygen', 'setsid')) return;
  const { endpoint, seen, start, options } = await account(t);
  const running = start(['run', ...options, 'ec2://', '--', 'sh', '-c', 'echo up; sleep 300']);
  for (let tries = 0; tries < 600 && running.said.stdout === ''; tries += 1) await delay(50);
  running.child.kill('SIGINT');
  assert.equal((await running.ended).code, 130, running.said.stderr);
  assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups, seen], [[], [], { started: 1, stopped: 1 }]);
  // Nobody answers at that port: it boots for ever.
  const port = options.indexOf('--ssh-port') + 1;
  const never = options.map((word, n) => (n === port ? '1' : word));
  const booting = start(['run', ...never, 'ec2://', '--', 'true']);
  for (let tries = 0; tries < 600 && seen.started < 2; tries += 1) await delay(50);
  await delay(500);
  booting.child.kill('SIGINT');
  const { code, stderr } = await booting.ended;
  assert.match(stderr, /interrupted while the machine was started/);
  assert.notEqual(code, 0);
  assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups], [[], []]);
});

test('a job of ec2:// that is taken up by a new service starts no machine', async (t) => {
  const service = new Service('ec2://');
  t.after(() => service.close());
  await assert.rejects(
    service.getJob('[ec2://]-[lk-0]'),
    (error) => isLatchkeyError(error, 'jobs/not-found') && /ended with the machine/.test(error.message),
  );
  assert.deepEqual([await service.list(), await service.overview()], [[], []]);
});
