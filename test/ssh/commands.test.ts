import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSsh } from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { startSshd } from '../support/sshd.ts';

test('a program runs over the connection, with its outputs apart', async (t) => {
  if (!havePeers(t, 'ssh', 'sshd', 'ssh-keygen')) return;
  const ground = await startSshd(t);
  const connection = await openSsh({
    target: { host: '127.0.0.1', port: ground.target.port, user: ground.user },
    credential: { identityFiles: [ground.key], isExclusive: true, agentSocket: 'none' },
    hostKeys: { policy: 'strict', knownHostsFiles: [ground.knownHosts] },
    configFile: 'none',
  });
  t.after(() => connection.close());
  assert.equal(connection.state, 'ready');
  const result = await connection.script('echo out; echo err >&2; exit 7', []);
  assert.deepEqual(
    [result.exitCode, result.stdout.toString(), result.stderr.toString()],
    [7, 'out\n', 'err\n'],
  );
  const words = await connection.run(['printf', '%s|', "a'b", 'c d', '$HOME\n']);
  assert.deepEqual([words.exitCode, words.stdout.toString()], [0, "a'b|c d|$HOME\n|"]);
});
