import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createEc2Client, startInstance } from '../../src/ec2/index.ts';
import { runProgram } from '../../src/kit/index.ts';
import { startEc2Endpoint } from '../support/ec2-endpoint.ts';
import { havePeers } from '../support/peers.ts';
import { SkippingClock } from '../support/skipping-clock.ts';
import { workspace } from '../support/workspace.ts';

test('ssh-keygen opens the host keys that are made here, and gives the same public halves', async (t) => {
  if (!havePeers(t, 'ssh-keygen')) return;
  const clock = new SkippingClock();
  const endpoint = await startEc2Endpoint(t, { clock });
  const client = createEc2Client(endpoint.access, { clock });
  const seen = new Set<string>();
  for (let n = 0; n < 5; n += 1) {
    const wish = { imageId: 'ami-1', instanceType: 't3.micro', allowFrom: '203.0.113.7' };
    const { hostKeys } = await startInstance(client, wish);
    const userData = endpoint.cloud.instances[n]?.userData ?? '';
    const { ssh_keys: keys } = JSON.parse(userData.slice(userData.indexOf('\n')));
    const path = join(workspace(t), 'key');
    writeFileSync(path, keys.ed25519_private, { mode: 0o600 });
    const { code, stdout, stderr } = await runProgram('ssh-keygen', ['-y', '-P', '', '-f', path]);
    assert.equal(code, 0, stderr.toString());
    assert.deepEqual(hostKeys, [stdout.toString().trim()]);
    seen.add(hostKeys[0] ?? '');
  }
  assert.equal(seen.size, 5, 'each has its own');
});
