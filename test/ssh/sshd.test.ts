import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { havePeers } from '../support/peers.ts';
import { isAlive } from '../support/processes.ts';
import { startSshd, throwAwayUser } from '../support/sshd.ts';

test('the sshd of the tests lets its user in, starts again on its port, and is gone afterwards', async (t) => {
  if (!havePeers(t, 'ssh', 'sshd', 'ssh-keygen')) return;
  const ground = await startSshd(t);
  const say = () =>
    execFileSync(
      'ssh',
      [
        ...['-F', 'none', '-i', ground.key, '-p', String(ground.target.port)],
        ...['-o', `UserKnownHostsFile=${ground.knownHosts}`, '-o', 'BatchMode=yes'],
        ...[`${ground.user}@127.0.0.1`, 'echo hello'],
      ],
      { encoding: 'utf8' },
    );
  assert.equal(say(), 'hello\n');
  const { pid } = ground.target;
  await ground.target.stop();
  assert.equal(isAlive(pid), false);
  await ground.target.start();
  assert.equal(say(), 'hello\n');
});

test('a throw-away user logs in with a key', async (t) => {
  if (!havePeers(t, 'ssh', 'sshd', 'ssh-keygen', 'useradd', 'userdel')) return;
  const { name } = throwAwayUser(t);
  const ground = await startSshd(t, { user: name });
  const jump = await ground.jump();
  const said = execFileSync(
    'ssh',
    [
      ...['-F', 'none', '-i', ground.key, '-p', String(jump.port)],
      ...['-o', `UserKnownHostsFile=${ground.knownHosts}`, '-o', 'BatchMode=yes'],
      ...[`${ground.user}@127.0.0.1`, 'id -un'],
    ],
    { encoding: 'utf8' },
  );
  assert.equal(said, `${name}\n`);
});
