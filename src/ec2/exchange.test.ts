import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SkippingClock } from '../../test/support/skipping-clock.ts';
import { isLatchkeyError, LatchkeyError, Secret } from '../kit/index.ts';
import { createEc2Client } from './client.ts';

const ACCESS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: new Secret('sekrit-sekrit-sekrit'),
  region: 'us-east-1',
};
const NONE = '<DescribeKeyPairsResponse><keySet/></DescribeKeyPairsResponse>';

const refusal = (code: string, message = 'no') =>
  `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r-9</RequestID></Response>`;

/** A client whose requests are answered one after the other from a list; the last answer is repeated. */
function scripted(answers: readonly (() => Response)[], random = 0.5) {
  const clock = new SkippingClock();
  const sent: { readonly at: number; readonly date: string | null }[] = [];
  const began = clock.now().getTime();
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    const { headers } = new Request('https://x/', init);
    sent.push({ at: clock.now().getTime() - began, date: headers.get('x-amz-date') });
    const answer = answers[Math.min(sent.length, answers.length) - 1];
    if (answer === undefined) throw new Error('no answer');
    return answer();
  };
  return { client: createEc2Client(ACCESS, { clock, fetch, random: () => random }), clock, sent };
}

const xml =
  (status: number, text: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(text, { status, headers });

test('while the endpoint is unavailable it is asked again, with growing pauses and a signature of its own each time', async () => {
  const cut = () => {
    throw new LatchkeyError('http/unreachable', 'cannot reach it', { retryable: true });
  };
  const { client, sent } = scripted([
    xml(503, refusal('RequestLimitExceeded')),
    xml(500, ''),
    cut,
    xml(200, NONE),
  ]);
  assert.deepEqual(await client.describeKeyPairs(), []);
  assert.deepEqual(
    sent.map(({ at }) => at),
    [0, 500, 1500, 3500],
  );
  assert.deepEqual(
    sent.map(({ date }) => date),
    ['20261122T120000Z', '20261122T120000Z', '20261122T120001Z', '20261122T120003Z'],
  );
});

test('it is never asked before the time it wished for', async () => {
  const { client, sent } = scripted([xml(429, '', { 'retry-after': '7' }), xml(200, NONE)]);
  await client.describeKeyPairs();
  assert.deepEqual(
    sent.map(({ at }) => at),
    [0, 7000],
  );
});

test('after five times the error tells how often, and what was asked', async () => {
  const { client, sent } = scripted([xml(503, refusal('Unavailable', 'come back later'))]);
  await assert.rejects(client.describeKeyPairs(), (error) => {
    assert.ok(isLatchkeyError(error, 'ec2/unavailable'));
    assert.equal(error.retryable, true);
    assert.deepEqual(error.details, {
      action: 'DescribeKeyPairs',
      status: 503,
      awsCode: 'Unavailable',
      requestId: 'r-9',
      attempts: 5,
    });
    assert.match(error.message, /DescribeKeyPairs with Unavailable: "come back later"/);
    return true;
  });
  assert.equal(sent.length, 5);
});

test('a refusal is final', async () => {
  const { client, sent } = scripted([xml(403, refusal('UnauthorizedOperation', 'You are not authorized'))]);
  await assert.rejects(client.describeKeyPairs(), (error) => {
    assert.ok(isLatchkeyError(error, 'ec2/refused'));
    assert.equal(error.retryable, false);
    assert.equal(error.details.awsCode, 'UnauthorizedOperation');
    return true;
  });
  assert.equal(sent.length, 1);
});

test('where there is no capacity, asking at once again is left out, but not for ever', async () => {
  const { client, sent } = scripted([xml(500, refusal('InsufficientInstanceCapacity'))]);
  await assert.rejects(
    client.describeKeyPairs(),
    (error) => isLatchkeyError(error, 'ec2/unavailable') && error.retryable,
  );
  assert.equal(sent.length, 1);
});

test('an answer that is none is not asked for again, and not shown', async () => {
  for (const text of ['<html>canary</html>', 'canary', NONE.slice(0, 20)]) {
    const { client, sent } = scripted([xml(200, text)]);
    await assert.rejects(client.describeKeyPairs(), (error) => {
      assert.ok(isLatchkeyError(error, 'ec2/bad-response'));
      assert.doesNotMatch(inspect(error), /canary/);
      return true;
    });
    assert.equal(sent.length, 1);
  }
});

test('an abort ends it, between two requests too, with the reason of the signal', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const { client, clock, sent } = scripted([xml(503, '')]);
  clock.onSleep = () => controller.abort(reason);
  await assert.rejects(client.describeKeyPairs([], { signal: controller.signal }), reason);
  assert.equal(sent.length, 1);
  await assert.rejects(client.describeKeyPairs([], { signal: controller.signal }), reason);
  assert.equal(sent.length, 1);
});

test('what an endpoint says back of the request is withheld', async () => {
  const userData = '#cloud-config\n{"ssh_keys": "-----BEGIN canary of a private key-----"}';
  const launch = {
    imageId: 'ami-1',
    instanceType: 't',
    clientToken: 'c',
    tags: {},
    userData: new Secret(userData),
  };
  for (const said of [
    userData,
    Buffer.from(userData).toString('base64'),
    encodeURIComponent(Buffer.from(userData).toString('base64')),
    `the key ${ACCESS.secretAccessKey.revealText()} is wrong`,
    Buffer.from(userData).toString('base64').slice(7, 40),
  ]) {
    const { client } = scripted([xml(400, refusal('InvalidParameterValue', said.replaceAll('<', '&lt;')))]);
    await assert.rejects(client.runInstances(launch), (error) => {
      assert.ok(isLatchkeyError(error, 'ec2/refused'));
      assert.match(error.message, /InvalidParameterValue: "\[withheld\]"/);
      assert.doesNotMatch(inspect(error, { depth: 9 }), /canary|sekrit|Y2FuYXJ5/);
      return true;
    });
  }
});

test('lists are read to their end, and no further than a hundred pages', async () => {
  const page = (token: string) =>
    xml(
      200,
      `<DescribeInstancesResponse><reservationSet/><nextToken>${token}</nextToken></DescribeInstancesResponse>`,
    );
  const two = scripted([page('a'), page('')]);
  assert.deepEqual(await two.client.describeInstances(), []);
  assert.equal(two.sent.length, 2);
  const endless = scripted([page('a')]);
  await assert.rejects(endless.client.describeInstances(), (error) =>
    isLatchkeyError(error, 'ec2/bad-response'),
  );
  assert.equal(endless.sent.length, 100);
});

test('plain http goes to loopback only, and nothing is sent elsewhere', async () => {
  const clock = new SkippingClock();
  const client = createEc2Client({ ...ACCESS, endpoint: 'http://ec2.example.org/' }, { clock });
  await assert.rejects(client.describeKeyPairs(), (error) => isLatchkeyError(error, 'http/insecure'));
});
