import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/kit/index.ts';
import { startEc2Endpoint } from '../support/ec2-endpoint.ts';
import { examplesOf, runExample } from '../support/page-examples.ts';
import { workspace } from '../support/workspace.ts';

const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa6KmYF12/LKON+4rf6ST7o1OJUgq4FXJWv+0Gwbiy1 root@vm';

test('the example of docs/library.md starts a machine, says where it is, and leaves none', async (t) => {
  const endpoint = await startEc2Endpoint(t, { clock: systemClock, secretAccessKey: 'of the example' });
  const example = examplesOf('docs/library.md').find((text) => text.includes('startInstance'));
  assert.ok(example !== undefined);
  // What the page leaves to its reader, and an endpoint that is here.
  const complete = example
    .replace("region: 'eu-central-1'", `region: '${endpoint.access.region}', endpoint: '${endpoint.url}'`)
    .replace(
      /^const client/m,
      `const secret = 'of the example';\nconst publicKey = '${PUBLIC_KEY}';\nconst client`,
    );
  const { code, stdout, stderr } = await runExample(complete, workspace(t), {});
  assert.equal(code, 0, stderr.toString());
  assert.match(stdout.toString(), /^127\.0\.0\.1 \[\s*'ssh-ed25519 /);
  assert.equal(endpoint.cloud.instances.length, 1);
  assert.deepEqual([endpoint.cloud.alive, endpoint.cloud.groups], [[], []]);
});
