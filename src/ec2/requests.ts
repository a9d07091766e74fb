import { Secret } from '../kit/index.ts';
import type { Query } from './query.ts';

/** What is started, and how it is found again. */
export interface LaunchRequest {
  /** `ami-…`. */
  readonly imageId: string;
  /** `t3.micro`. */
  readonly instanceType: string;
  readonly keyName?: string | undefined;
  readonly securityGroupIds?: readonly string[] | undefined;
  readonly subnetId?: string | undefined;
  /** What the instance reads at its first boot, 16 KiB at most; base64 is made of it here. */
  readonly userData?: Secret | undefined;
  /** At most 64 ASCII characters: the same token never starts a second instance. */
  readonly clientToken: string;
  /** Put on the instance in the same request. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Which instances or groups; absent = all. A filter matches when one of its values does. */
export interface Selection {
  readonly ids?: readonly string[] | undefined;
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** A new security group. */
export interface GroupRequest {
  readonly name: string;
  readonly description: string;
  /** Default: the account's default network. */
  readonly vpcId?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** Who may reach a port of the group's instances. */
export interface IngressRequest {
  readonly groupId: string;
  /** Network in CIDR notation, `203.0.113.7/32`. */
  readonly from: string;
  readonly port: number;
}

type Parameter = Query['parameters'][number];

/** RunInstances of one instance, which goes for good when it is shut down from inside. */
export function runInstancesQuery(launch: LaunchRequest): Query {
  const { imageId, instanceType, keyName, subnetId, userData } = launch;
  return {
    action: 'RunInstances',
    parameters: [
      ['ImageId', imageId],
      ['InstanceType', instanceType],
      ...optional('KeyName', keyName),
      ...list('SecurityGroupId', launch.securityGroupIds),
      ...optional('SubnetId', subnetId),
      ...(userData === undefined
        ? []
        : [['UserData', new Secret(userData.reveal().toString('base64'))] as const]),
      ['ClientToken', launch.clientToken],
      ...tagsOn('instance', launch.tags),
      ['InstanceInitiatedShutdownBehavior', 'terminate'],
      // User data and credentials of the instance are not given to whoever can make it fetch a URL.
      ['MetadataOptions.HttpTokens', 'required'],
      ['MetadataOptions.HttpPutResponseHopLimit', '1'],
      ['MinCount', '1'],
      ['MaxCount', '1'],
    ],
  };
}

/** DescribeInstances. */
export function describeInstancesQuery(selection: Selection, nextToken?: string): Query {
  return {
    action: 'DescribeInstances',
    parameters: [
      ...filters(selection),
      ...list('InstanceId', selection.ids),
      ...optional('NextToken', nextToken),
    ],
  };
}

/** TerminateInstances. */
export function terminateInstancesQuery(ids: readonly string[]): Query {
  return { action: 'TerminateInstances', parameters: list('InstanceId', ids) };
}

/** GetConsoleOutput: the newest the endpoint can give. */
export function getConsoleOutputQuery(instanceId: string, isLatest: boolean): Query {
  return {
    action: 'GetConsoleOutput',
    parameters: [['InstanceId', instanceId], ...(isLatest ? [['Latest', 'true'] as const] : [])],
  };
}

/** DescribeKeyPairs, with the public keys where the endpoint keeps them. */
export function describeKeyPairsQuery(names: readonly string[]): Query {
  return {
    action: 'DescribeKeyPairs',
    parameters: [...list('KeyName', names), ['IncludePublicKey', 'true']],
  };
}

/** ImportKeyPair. `publicKey` is an OpenSSH line. */
export function importKeyPairQuery(name: string, publicKey: string): Query {
  return {
    action: 'ImportKeyPair',
    parameters: [
      ['KeyName', name],
      ['PublicKeyMaterial', Buffer.from(publicKey).toString('base64')],
    ],
  };
}

/** DeleteKeyPair. */
export function deleteKeyPairQuery(name: string): Query {
  return { action: 'DeleteKeyPair', parameters: [['KeyName', name]] };
}

/** CreateSecurityGroup. */
export function createSecurityGroupQuery(group: GroupRequest): Query {
  return {
    action: 'CreateSecurityGroup',
    parameters: [
      ['GroupDescription', group.description],
      ['GroupName', group.name],
      ...optional('VpcId', group.vpcId),
      ...tagsOn('security-group', group.tags),
    ],
  };
}

/** AuthorizeSecurityGroupIngress for one TCP port. */
export function authorizeIngressQuery({ groupId, from, port }: IngressRequest): Query {
  const range = from.includes(':') ? 'Ipv6Ranges.1.CidrIpv6' : 'IpRanges.1.CidrIp';
  return {
    action: 'AuthorizeSecurityGroupIngress',
    parameters: [
      ['GroupId', groupId],
      ['IpPermissions.1.IpProtocol', 'tcp'],
      ['IpPermissions.1.FromPort', String(port)],
      ['IpPermissions.1.ToPort', String(port)],
      [`IpPermissions.1.${range}`, from],
    ],
  };
}

/** DescribeSecurityGroups. */
export function describeSecurityGroupsQuery(selection: Selection, nextToken?: string): Query {
  return {
    action: 'DescribeSecurityGroups',
    parameters: [
      ...filters(selection),
      ...list('GroupId', selection.ids),
      ...optional('NextToken', nextToken),
    ],
  };
}

/** DeleteSecurityGroup. */
export function deleteSecurityGroupQuery(groupId: string): Query {
  return { action: 'DeleteSecurityGroup', parameters: [['GroupId', groupId]] };
}

function optional(name: string, value: string | undefined): Parameter[] {
  return value === undefined ? [] : [[name, value]];
}

function list(name: string, values: readonly string[] = []): Parameter[] {
  return values.map((value, index) => [`${name}.${index + 1}`, value]);
}

function filters(selection: Selection): Parameter[] {
  return Object.entries(selection.filters ?? {}).flatMap(([name, values], index) => [
    [`Filter.${index + 1}.Name`, name] as const,
    ...list(`Filter.${index + 1}.Value`, values),
  ]);
}

function tagsOn(resource: string, tags: Readonly<Record<string, string>>): Parameter[] {
  const entries = Object.entries(tags);
  if (entries.length === 0) return [];
  return [
    ['TagSpecification.1.ResourceType', resource],
    ...entries.flatMap(([key, value], index): Parameter[] => [
      [`TagSpecification.1.Tag.${index + 1}.Key`, key],
      [`TagSpecification.1.Tag.${index + 1}.Value`, value],
    ]),
  ];
}
