import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createEc2Client, startInstance } from '../../src/ec2/index.ts';
import { runProgram, Secret, systemClock } from '../../src/kit/index.ts';
import { type Ec2Endpoint, type RecordedRequest, startEc2Endpoint } from '../support/ec2-endpoint.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMa6KmYF12/LKON+4rf6ST7o1OJUgq4FXJWv+0Gwbiy1';
const USER_DATA = '#cloud-config\n{"a": "ü+/= %26"}\n';
const AT_ONCE = { clock: systemClock, bootMs: 0, consoleMs: 0, endMs: 0 };

/** Debian's awscli; another one may come first in PATH. */
const PROGRAM = existsSync('/usr/bin/aws') ? '/usr/bin/aws' : 'aws';

/** Runs awscli against the endpoint, without any configuration, and gives what it prints. */
async function aws(
  t: Pick<TestContext, 'after'>,
  { url }: Ec2Endpoint,
  args: readonly string[],
  secretAccessKey = 'sekrit',
): Promise<{ readonly code: number; readonly value: unknown; readonly stderr: string }> {
  const { code, stdout, stderr } = await runProgram(
    PROGRAM,
    ['--endpoint-url', url, '--output', 'json', 'ec2', ...args],
    {
      env: {
        PATH: process.env.PATH,
        HOME: workspace(t),
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_PAGER: '',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        NO_PROXY: '*',
      },
      timeoutMs: 60_000,
    },
  );
  const text = stdout.toString('utf8');
  return { code, value: text === '' ? undefined : JSON.parse(text), stderr: stderr.toString('utf8') };
}

test('our client sends what awscli sends, and the stand-in accepts the signatures of both', async (t) => {
  if (!havePeers(t, 'aws')) return;
  const directory = workspace(t);
  const files = { key: join(directory, 'key.pub'), data: join(directory, 'user-data') };
  writeFileSync(files.key, PUBLIC_KEY);
  writeFileSync(files.data, USER_DATA);
  const theirs = await startEc2Endpoint(t, AT_ONCE);
  const ours = await startEc2Endpoint(t, AT_ONCE);
  const run = async (...args: string[]) => {
    const { code, stderr } = await aws(t, theirs, args);
    assert.equal(code, 0, stderr);
  };
  const client = createEc2Client(ours.access);

  await run('import-key-pair', '--key-name', 'work', '--public-key-material', `fileb://${files.key}`);
  await client.importKeyPair('work', `${PUBLIC_KEY} jane@laptop`);
  await run('describe-key-pairs', '--key-names', 'work', '--include-public-key');
  await client.describeKeyPairs(['work']);
  const groupTags = 'ResourceType=security-group,Tags=[{Key=latchkey,Value=a1}]';
  await run(
    ...['create-security-group', '--group-name', 'latchkey-a1', '--description', 'ssh & more'],
    ...['--tag-specifications', groupTags],
  );
  const tags = { latchkey: 'a1' };
  await client.createSecurityGroup({ name: 'latchkey-a1', description: 'ssh & more', tags });
  const groupOf = ({ cloud }: Ec2Endpoint) => cloud.groups[0]?.id ?? '';
  for (const [range, cidr] of [
    ['IpRanges=[{CidrIp=203.0.113.7/32}]', '203.0.113.7/32'],
    ['Ipv6Ranges=[{CidrIpv6=2001:db8::7/128}]', '2001:db8::7/128'],
  ] as const) {
    await run(
      ...['authorize-security-group-ingress', '--group-id', groupOf(theirs)],
      ...['--ip-permissions', `IpProtocol=tcp,FromPort=22,ToPort=22,${range}`],
    );
    await client.authorizeIngress({ groupId: groupOf(ours), from: cidr, port: 22 });
  }
  await run('describe-security-groups', '--filters', 'Name=tag:latchkey,Values=a1');
  await client.describeSecurityGroups({ filters: { 'tag:latchkey': ['a1'] } });
  await run(
    ...['run-instances', '--image-id', 'ami-1', '--instance-type', 't3.micro', '--key-name', 'work'],
    ...['--security-group-ids', groupOf(theirs), '--user-data', `file://${files.data}`],
    ...[
      '--client-token',
      'tok1',
      '--tag-specifications',
      'ResourceType=instance,Tags=[{Key=latchkey,Value=a1}]',
    ],
    ...['--instance-initiated-shutdown-behavior', 'terminate'],
    ...['--metadata-options', 'HttpTokens=required,HttpPutResponseHopLimit=1'],
  );
  await client.runInstances({
    imageId: 'ami-1',
    instanceType: 't3.micro',
    keyName: 'work',
    securityGroupIds: [groupOf(ours)],
    userData: new Secret(USER_DATA),
    clientToken: 'tok1',
    tags,
  });
  const idOf = ({ cloud }: Ec2Endpoint) => cloud.instances[0]?.id ?? '';
  await run(
    'describe-instances',
    '--filters',
    'Name=tag:latchkey,Values=a1,b2',
    '--instance-ids',
    idOf(theirs),
  );
  await client.describeInstances({ ids: [idOf(ours)], filters: { 'tag:latchkey': ['a1', 'b2'] } });
  await run('get-console-output', '--instance-id', idOf(theirs), '--latest');
  await client.getConsoleOutput(idOf(ours), { isLatest: true });
  await run('terminate-instances', '--instance-ids', idOf(theirs));
  await client.terminateInstances([idOf(ours)]);
  await run('delete-security-group', '--group-id', groupOf(theirs));
  await client.deleteSecurityGroup(groupOf(ours));
  await run('delete-key-pair', '--key-name', 'work');
  await client.deleteKeyPair('work');

  assert.deepEqual(ours.requests.map(comparable), theirs.requests.map(comparable));
  assert.equal(ours.requests.length, 12);
  assert.equal(ours.cloud.instances[0]?.userData, USER_DATA);
  assert.deepEqual([ours.refusedSignatures, theirs.refusedSignatures], [[], []]);
});

/** A request without what differs from run to run: ids, time, signature. */
function comparable({ action, version, parameters, headers }: RecordedRequest) {
  const withoutId = (value: string) => value.replace(/^(i|sg)-0[0-9a-f]+$/, '$1');
  return {
    action,
    version,
    parameters: [...parameters].map(([name, value]) => `${name}=${withoutId(value)}`).sort(),
    contentType: headers['content-type'],
    signed: /SignedHeaders=([^,]+),/.exec(headers.authorization ?? '')?.[1],
  };
}

test('a request of awscli that was tampered with, and one with a wrong secret, are refused', async (t) => {
  if (!havePeers(t, 'aws')) return;
  const endpoint = await startEc2Endpoint(t, AT_ONCE);
  const { code, stderr } = await aws(t, endpoint, ['describe-instances'], 'another secret');
  assert.notEqual(code, 0);
  assert.match(stderr, /SignatureDoesNotMatch/);
  assert.equal((await aws(t, endpoint, ['describe-instances'])).code, 0);
  const [recorded] = endpoint.requests;
  assert.ok(recorded);
  const replay = async (body: string) => {
    const { authorization = '', 'x-amz-date': date = '', 'content-type': type = '' } = recorded.headers;
    const headers = { authorization, 'x-amz-date': date, 'content-type': type };
    return (await fetch(endpoint.url, { method: 'POST', headers, body })).status;
  };
  assert.equal(await replay(recorded.body), 200);
  assert.equal(await replay(recorded.body.replace('DescribeInstances', 'DescribeKeyPairs')), 401);
  assert.deepEqual(endpoint.refusedSignatures, ['SignatureDoesNotMatch', 'SignatureDoesNotMatch']);
});

test('awscli and our client see the same machines', async (t) => {
  if (!havePeers(t, 'aws')) return;
  const endpoint = await startEc2Endpoint(t, AT_ONCE);
  const client = createEc2Client(endpoint.access);
  const wish = { imageId: 'ami-1', instanceType: 't3.micro', allowFrom: '203.0.113.7', tag: 'a1' };
  await using instance = await startInstance(client, wish);
  const { value } = await aws(t, endpoint, ['describe-instances', '--instance-ids', instance.id]);
  const [seen] = (value as Described).Reservations.flatMap(({ Instances }) => Instances);
  const [known] = await client.describeInstances({ ids: [instance.id] });
  assert.ok(seen && known);
  assert.deepEqual(
    {
      id: seen.InstanceId,
      state: seen.State.Name,
      address: seen.PublicIpAddress,
      clientToken: seen.ClientToken,
      tags: seen.Tags.map(({ Key, Value }) => [Key, Value]),
      groups: seen.SecurityGroups.map(({ GroupId }) => GroupId),
    },
    {
      id: known.id,
      state: known.state,
      address: known.publicAddress,
      clientToken: known.clientToken,
      tags: [...known.tags],
      groups: known.securityGroupIds,
    },
  );
  // What awscli ends is ended for us too, and what is ended already is no error.
  assert.equal((await aws(t, endpoint, ['terminate-instances', '--instance-ids', instance.id])).code, 0);
  const [after] = await client.describeInstances({ ids: [instance.id] });
  assert.equal(after?.state, 'terminated');
  assert.equal(after?.stateReason?.code, 'Client.UserInitiatedShutdown');
});

interface Described {
  readonly Reservations: readonly {
    readonly Instances: readonly {
      readonly InstanceId: string;
      readonly State: { readonly Name: string };
      readonly PublicIpAddress: string;
      readonly ClientToken: string;
      readonly Tags: readonly { readonly Key: string; readonly Value: string }[];
      readonly SecurityGroups: readonly { readonly GroupId: string }[];
    }[];
  }[];
}
