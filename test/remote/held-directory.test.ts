// Directories on another machine, when the process, the connection or the sshd that they belong to is killed.
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { holdDirectory } from '../../src/remote/link/held-directory.ts';
import { Links } from '../../src/remote/link/links.ts';
import { openSsh } from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { processTree, signalAll } from '../support/processes.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { type SshGround, startSshd } from '../support/sshd.ts';
import { endsWith } from '../support/workspace.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(20);
}

async function connection(t: TestContext, ground: SshGround) {
  const made = await openSsh(sshOptions(ground));
  endsWith(t, ground.directory, () => made.close());
  return made;
}

/** A directory for temporary files of its own, as seen over there: nothing of others is swept, or taken for ours. */
async function groundWithTemporary(t: TestContext): Promise<{ ground: SshGround; temporary: string }> {
  const temporary = mkdtempSync('/tmp/lk-');
  t.after(() => rmSync(temporary, { recursive: true, force: true }));
  const ground = await startSshd(t, { config: [`SetEnv TMPDIR=${temporary} SHLVL=1`] });
  return { ground, temporary };
}

/** Those that serve a connection, and not what runs in them. */
function killSshds({ target }: SshGround): void {
  const serving = processTree(target.pid).slice(1);
  const isSshd = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('sshd:');
  signalAll(serving.filter(isSshd), 'SIGKILL');
}

test('a held directory is private, and goes when it is released', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, temporary } = await groundWithTemporary(t);
  const held = (await holdDirectory(await connection(t, ground))) ?? assert.fail('not held');
  assert.equal(dirname(held.path), temporary);
  assert.equal(statSync(held.path).mode & 0o777, 0o700);
  await held.release();
  assert.equal(existsSync(held.path), false);
});

test('it goes with the connection, also when its sshd is killed', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground } = await groundWithTemporary(t);
  const first = await connection(t, ground);
  const held = (await holdDirectory(first)) ?? assert.fail('not held');
  killSshds(ground);
  await until(() => !existsSync(held.path) && first.status.reconnects === 1);
  const again = (await holdDirectory(first, held.path)) ?? assert.fail('not held again');
  assert.equal(again.path, held.path);
  await first.close();
  await until(() => !existsSync(held.path));
});

test('what nobody could remove is removed by the next login of the account, and nothing else', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground, temporary } = await groundWithTemporary(t);
  const first = await connection(t, ground);
  const held = (await holdDirectory(first)) ?? assert.fail('not held');
  const live = (await holdDirectory(await connection(t, ground))) ?? assert.fail('not held');
  const owner = readFileSync(join(held.path, '.owner'), 'utf8');
  // The holder itself is killed, and so cannot remove anything.
  process.kill(Number(owner.split(' ')[0]), 'SIGKILL');
  await until(() => !existsSync(`/proc/${owner.split(' ')[0]}`));
  assert.equal(existsSync(held.path), true);
  const unmarked = join(temporary, 'latchkey-abcdef');
  const elsewhere = join(temporary, 'latchkey-ghijkl');
  for (const directory of [unmarked, elsewhere]) mkdirSync(directory, { mode: 0o700 });
  writeFileSync(join(elsewhere, '.owner'), owner.replace(/\S+\n$/, 'elsewhere\n'));
  // Others may write into it: its mark is anybody's word.
  const open = join(temporary, 'latchkey-mnopqr');
  mkdirSync(open);
  chmodSync(open, 0o777);
  writeFileSync(join(open, '.owner'), owner);
  // Its holder could read nothing of itself.
  const untold = join(temporary, 'latchkey-stuvwx');
  mkdirSync(untold, { mode: 0o700 });
  const liveOwner = readFileSync(join(live.path, '.owner'), 'utf8');
  writeFileSync(join(untold, '.owner'), liveOwner.replace(/^(\d+) \S+ \S+/, '$1 - -'));
  const next = (await holdDirectory(await connection(t, ground))) ?? assert.fail('not held');
  assert.equal(existsSync(held.path), false);
  for (const directory of [unmarked, elsewhere, open, untold, live.path, next.path])
    assert.equal(existsSync(directory), true, directory);
});

test('a relay has its socket again, at the same place, when its connection has come back', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const { ground } = await groundWithTemporary(t);
  const machine = await connection(t, ground);
  const links = new Links({ connect: async () => machine });
  endsWith(t, ground.directory, () => links.close());
  const place = { machine: 'here', end: { socketPath: join(ground.directory, 'nobody') } };
  const link = await links.open(place, { observer: 'thermal' });
  const path = 'socketPath' in link.end ? link.end.socketPath : assert.fail('no socket');
  const inode = statSync(path).ino;
  killSshds(ground);
  // It is listening again when the socket is another one.
  await until(() => existsSync(path) && statSync(path).ino !== inode && machine.state === 'ready');
  await links.close();
  assert.equal(existsSync(dirname(path)), false);
});
