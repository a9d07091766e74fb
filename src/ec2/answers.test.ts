import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import {
  parseDescribeInstances,
  parseDescribeSecurityGroups,
  parseDone,
  parseGetConsoleOutput,
  parseRunInstances,
} from './answers.ts';
import { parseXml } from './xml.ts';

const NS = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"';
const INSTANCE =
  '<instanceId>i-0abc</instanceId><instanceState><code>16</code><name>running</name></instanceState><ipAddress>198.51.100.4</ipAddress><launchTime>2026-01-01T00:00:00.000Z</launchTime><tagSet><item><key>k</key><value/></item></tagSet>';
const isBad = (error: unknown) => isLatchkeyError(error, 'ec2/bad-response');

test('instances of all reservations, and the token of the next page', async () => {
  const { items, nextToken } = parseDescribeInstances(
    await parseXml(
      `<DescribeInstancesResponse ${NS}><reservationSet><item><instancesSet><item>${INSTANCE}</item></instancesSet></item><item><instancesSet><item>${INSTANCE}</item></instancesSet></item></reservationSet><nextToken>more</nextToken></DescribeInstancesResponse>`,
    ),
  );
  assert.equal(nextToken, 'more');
  assert.equal(items.length, 2);
  assert.equal(items[0]?.publicAddress, '198.51.100.4');
  assert.equal(items[0]?.launchedAt?.toISOString(), '2026-01-01T00:00:00.000Z');
  assert.deepEqual([...(items[0]?.tags ?? [])], [['k', '']]);
});

test('rules of a group are read with ranges, networks of both kinds and groups', async () => {
  const { items } = parseDescribeSecurityGroups(
    await parseXml(
      `<DescribeSecurityGroupsResponse ${NS}><securityGroupInfo><item><groupId>sg-1</groupId><groupName>g</groupName><ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort><ipRanges><item><cidrIp>203.0.113.7/32</cidrIp></item></ipRanges><ipv6Ranges><item><cidrIpv6>2001:db8::/64</cidrIpv6></item></ipv6Ranges></item><item><ipProtocol>-1</ipProtocol><groups><item><groupId>sg-2</groupId></item></groups></item></ipPermissions></item></securityGroupInfo></DescribeSecurityGroupsResponse>`,
    ),
  );
  assert.deepEqual(items[0]?.ingress, ['tcp 22 203.0.113.7/32', 'tcp 22 2001:db8::/64', '-1 all sg-2']);
});

test('an answer that is another one, or not whole, is never read as "none"', async () => {
  for (const document of [
    '<a/>',
    '<RunInstancesResponse/>',
    '<DescribeInstancesResponse/>',
    '<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId></item></instancesSet></item></reservationSet></DescribeInstancesResponse>',
    '<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceState><name>running</name></instanceState></item></instancesSet></item></reservationSet></DescribeInstancesResponse>',
    `<DescribeInstancesResponse><reservationSet><item><instancesSet><item>${INSTANCE.replace('running', 'dancing')}</item></instancesSet></item></reservationSet></DescribeInstancesResponse>`,
  ]) {
    const answer = await parseXml(document);
    assert.throws(() => parseDescribeInstances(answer), isBad, document);
    assert.throws(() => parseRunInstances(answer), isBad, document);
  }
  const not = await parseXml('<DeleteKeyPairResponse><return>false</return></DeleteKeyPairResponse>');
  assert.throws(() => parseDone(not, 'DeleteKeyPair'), isBad);
});

test('a console without output is empty', async () => {
  const answer = (output: string) =>
    parseXml(`<GetConsoleOutputResponse ${NS}>${output}</GetConsoleOutputResponse>`);
  assert.equal(parseGetConsoleOutput(await answer('<output/>')), '');
  assert.equal(parseGetConsoleOutput(await answer('<output>aGVs\nbG8=\n</output>')), 'hello');
});
