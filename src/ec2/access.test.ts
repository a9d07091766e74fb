import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError, Secret } from '../kit/index.ts';
import { type Ec2Access, endpointOf } from './access.ts';

const ACCESS: Ec2Access = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: new Secret('sekrit'),
  region: 'eu-central-1',
};

test("without an endpoint it is the region's own", () => {
  assert.equal(endpointOf(ACCESS).href, 'https://ec2.eu-central-1.amazonaws.com/');
  assert.equal(
    endpointOf({ ...ACCESS, region: 'cn-north-1' }).href,
    'https://ec2.cn-north-1.amazonaws.com.cn/',
  );
  const endpoint = 'https://cloud.example.org:8773/services/Cloud';
  assert.equal(endpointOf({ ...ACCESS, endpoint }).href, endpoint);
});

test('what cannot be used is refused, and nothing secret is repeated', () => {
  for (const change of [
    { accessKeyId: 'canary/with,more' },
    { accessKeyId: '' },
    { secretAccessKey: new Secret('') },
    { region: 'evil.example.org/' },
    { region: '' },
    { endpoint: 'not a url canary' },
    { endpoint: 'https://user:canary@cloud.example.org/' },
    { endpoint: 'https://cloud.example.org/?token=canary' },
    { endpoint: 'https://cloud.example.org/#canary' },
    { endpoint: 'https://cloud.example.org/a%2Fb' },
  ])
    assert.throws(
      () => endpointOf({ ...ACCESS, ...change }),
      (error) => isLatchkeyError(error, 'ec2/config') && !error.message.includes('canary'),
      JSON.stringify(change),
    );
});
