import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { allowedNetwork } from './allowed-network.ts';

test('an address is a network of one', () => {
  assert.equal(allowedNetwork('203.0.113.7'), '203.0.113.7/32');
  assert.equal(allowedNetwork('2001:db8::7'), '2001:db8::7/128');
  assert.equal(allowedNetwork('203.0.0.0/16'), '203.0.0.0/16');
  assert.equal(allowedNetwork('2001:db8::/32'), '2001:db8::/32');
});

test('the world is not let in, in whatever words', () => {
  for (const from of [
    '0.0.0.0/0',
    '::/0',
    '0.0.0.0/00',
    '128.0.0.0/1',
    '203.0.0.0/15',
    '2001::/31',
    '203.0.113.7/',
    '203.0.113.7/33',
    '203.0.113.7/-1',
    '203.0.113.7/32/0',
    '203.0.113',
    'example.org',
    'fe80::1%eth0',
    '203.0.113.7/32&Action=x',
    '',
  ])
    assert.throws(
      () => allowedNetwork(from),
      (error) => isLatchkeyError(error, 'ec2/config'),
      from,
    );
});
