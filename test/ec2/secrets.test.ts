import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { createEc2Client, startInstance } from '../../src/ec2/index.ts';
import { canaries, processesSeen } from '../support/canaries.ts';
import { type EndpointOptions, startEc2Endpoint } from '../support/ec2-endpoint.ts';
import { SkippingClock } from '../support/skipping-clock.ts';

const WISH = { imageId: 'ami-1', instanceType: 't3.micro', allowFrom: '203.0.113.7', tag: 'a1' } as const;

/** Everything that may be shown of a value: as text, JSON, inspected to the bottom, with stack and causes. */
function shownOf(value: unknown): string {
  const error = value instanceof Error ? `${value.stack} ${value.cause}` : '';
  return [String(value), JSON.stringify(value), inspect(value, { depth: 20, showHidden: true }), error].join(
    '\n',
  );
}

test('secrets are in no error, no object that is shown, no name and no process', async (t) => {
  const secrets = canaries();
  const secretAccessKey = secrets.plant('secret access key');
  const sessionToken = secrets.plant('session token');
  const shown: string[] = [];
  /** An endpoint that says back what it was sent. */
  const echoing = (after: string): EndpointOptions => ({
    clock: new SkippingClock(),
    secretAccessKey,
    sessionToken,
    fault: (action) => (action === after ? echo() : undefined),
  });
  let echo = (): { code: string; message: string } => ({ code: 'InvalidParameterValue', message: '' });

  for (const action of ['CreateSecurityGroup', 'RunInstances', 'DescribeInstances', 'TerminateInstances']) {
    const options = echoing(action);
    const endpoint = await startEc2Endpoint(t, options);
    echo = () => {
      const { body = '', headers = {} } = endpoint.requests.at(-1) ?? {};
      const message = `${body} ${decodeURIComponent(body)} ${JSON.stringify(headers)} ${secretAccessKey} ${sessionToken}`;
      return { code: `InvalidParameterValue ${sessionToken}`, message };
    };
    const client = createEc2Client(endpoint.access, { clock: options.clock });
    shown.push(shownOf(client), shownOf(endpoint.access));
    try {
      const instance = await startInstance(client, WISH);
      shown.push(shownOf(instance));
      await instance.terminate();
    } catch (error) {
      shown.push(shownOf(error));
    }
    for (const { userData, tags, clientToken } of endpoint.cloud.instances) {
      const config = JSON.parse(userData.slice(userData.indexOf('\n')));
      secrets.register(`host key of ${action}`, config.ssh_keys.ed25519_private);
      // The middle of the key: where the secret half is.
      secrets.register(`part of the host key of ${action}`, config.ssh_keys.ed25519_private.split('\n')[3]);
      secrets.register(`user data of ${action}`, userData);
      shown.push(shownOf([...tags]), clientToken);
    }
    shown.push(...endpoint.requests.map(({ headers }) => headers['user-agent'] ?? ''));
    assert.deepEqual(endpoint.refusedSignatures, []);
  }
  shown.push(...processesSeen(process.pid).map(({ text }) => text));
  assert.ok(shown.join('').length > 2000);
  assert.ok(
    shown.some((text) => /InvalidParameterValue|withheld/.test(text)),
    'the refusals are among them',
  );
  for (const text of shown) assert.deepEqual(secrets.found(text), []);
});
