import { LatchkeyError, printable, quote } from '../kit/index.ts';
import { elementAt, itemsAt, textAt, type XmlElement } from './xml.ts';

const STATES = ['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped'] as const;

/** Where an instance is in its life; a `terminated` one is shown for an hour or so and is gone. */
export type InstanceState = (typeof STATES)[number];

/** An instance as the endpoint describes it. */
export interface InstanceInfo {
  readonly id: string;
  readonly state: InstanceState;
  readonly imageId?: string | undefined;
  readonly instanceType?: string | undefined;
  readonly keyName?: string | undefined;
  readonly clientToken?: string | undefined;
  readonly publicAddress?: string | undefined;
  readonly privateAddress?: string | undefined;
  readonly launchedAt?: Date | undefined;
  readonly securityGroupIds: readonly string[];
  readonly tags: ReadonlyMap<string, string>;
  /** Why it is in this state, where the endpoint says so: `Client.UserInitiatedShutdown`. */
  readonly stateReason?: { readonly code: string; readonly message: string } | undefined;
}

/** A registered public key. */
export interface KeyPairInfo {
  readonly name: string;
  readonly id?: string | undefined;
  /** Digest in the endpoint's own ways; see {@link isSameKey}. */
  readonly fingerprint?: string | undefined;
  /** OpenSSH line, where the endpoint keeps it. */
  readonly publicKey?: string | undefined;
}

/** A security group. */
export interface SecurityGroupInfo {
  readonly id: string;
  readonly name: string;
  readonly vpcId?: string | undefined;
  /** `tcp 22 203.0.113.7/32`: protocol, port or range, network. */
  readonly ingress: readonly string[];
  readonly tags: ReadonlyMap<string, string>;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken?: string | undefined;
}

/** The instance that RunInstances started. */
export function parseRunInstances(answer: XmlElement): InstanceInfo {
  const instances = itemsAt(expectRoot(answer, 'RunInstancesResponse'), 'instancesSet').map(instanceOf);
  const [instance] = instances;
  if (instance === undefined || instances.length > 1)
    throw unexpected('RunInstances', `${instances.length} instances instead of one`);
  return instance;
}

/** Instances of all reservations. */
export function parseDescribeInstances(answer: XmlElement): Page<InstanceInfo> {
  const root = expectRoot(answer, 'DescribeInstancesResponse');
  expectElement(root, 'reservationSet');
  const reservations = itemsAt(root, 'reservationSet');
  return {
    items: reservations.flatMap((item) => itemsAt(item, 'instancesSet').map(instanceOf)),
    nextToken: textAt(root, 'nextToken'),
  };
}

/** State of each instance after TerminateInstances. */
export function parseTerminateInstances(answer: XmlElement): ReadonlyMap<string, InstanceState> {
  const root = expectRoot(answer, 'TerminateInstancesResponse');
  return new Map(
    itemsAt(root, 'instancesSet').map((item) => [
      need(item, 'instanceId'),
      stateOf(textAt(item, 'currentState', 'name')),
    ]),
  );
}

/** Console text, empty when there is none yet. */
export function parseGetConsoleOutput(answer: XmlElement): string {
  const output = textAt(expectRoot(answer, 'GetConsoleOutputResponse'), 'output') ?? '';
  return Buffer.from(output, 'base64').toString('utf8');
}

/** Registered keys. */
export function parseDescribeKeyPairs(answer: XmlElement): readonly KeyPairInfo[] {
  const root = expectRoot(answer, 'DescribeKeyPairsResponse');
  expectElement(root, 'keySet');
  return itemsAt(root, 'keySet').map(keyPairOf);
}

/** The key as it was registered. */
export function parseImportKeyPair(answer: XmlElement): KeyPairInfo {
  return keyPairOf(expectRoot(answer, 'ImportKeyPairResponse'));
}

/** Id of the new group. */
export function parseCreateSecurityGroup(answer: XmlElement): string {
  return need(expectRoot(answer, 'CreateSecurityGroupResponse'), 'groupId');
}

/** Groups with their rules. */
export function parseDescribeSecurityGroups(answer: XmlElement): Page<SecurityGroupInfo> {
  const root = expectRoot(answer, 'DescribeSecurityGroupsResponse');
  expectElement(root, 'securityGroupInfo');
  return { items: itemsAt(root, 'securityGroupInfo').map(groupOf), nextToken: textAt(root, 'nextToken') };
}

/** An answer that says only that it was done: DeleteKeyPair, DeleteSecurityGroup, AuthorizeSecurityGroupIngress. */
export function parseDone(answer: XmlElement, action: string): void {
  if (textAt(expectRoot(answer, `${action}Response`), 'return') === 'false')
    throw unexpected(action, 'the answer that it was not done');
}

function instanceOf(item: XmlElement): InstanceInfo {
  const launchTime = textAt(item, 'launchTime');
  const reason = textAt(item, 'stateReason', 'code');
  return {
    id: need(item, 'instanceId'),
    state: stateOf(textAt(item, 'instanceState', 'name')),
    imageId: textAt(item, 'imageId'),
    instanceType: textAt(item, 'instanceType'),
    keyName: textAt(item, 'keyName'),
    clientToken: textAt(item, 'clientToken'),
    publicAddress: textAt(item, 'ipAddress'),
    privateAddress: textAt(item, 'privateIpAddress'),
    launchedAt: launchTime === undefined ? undefined : new Date(launchTime),
    securityGroupIds: itemsAt(item, 'groupSet').map((group) => need(group, 'groupId')),
    tags: tagsOf(item),
    stateReason:
      reason === undefined
        ? undefined
        : {
            code: printable(reason).slice(0, 100),
            message: printable(textAt(item, 'stateReason', 'message') ?? '').slice(0, 200),
          },
  };
}

function keyPairOf(item: XmlElement): KeyPairInfo {
  return {
    name: need(item, 'keyName'),
    id: textAt(item, 'keyPairId'),
    fingerprint: textAt(item, 'keyFingerprint'),
    publicKey: textAt(item, 'publicKey'),
  };
}

function groupOf(item: XmlElement): SecurityGroupInfo {
  return {
    id: need(item, 'groupId'),
    name: need(item, 'groupName'),
    vpcId: textAt(item, 'vpcId'),
    ingress: itemsAt(item, 'ipPermissions').flatMap(rulesOf),
    tags: tagsOf(item),
  };
}

function rulesOf(permission: XmlElement): string[] {
  const [from = 'all', to = from] = [textAt(permission, 'fromPort'), textAt(permission, 'toPort')];
  const start = `${textAt(permission, 'ipProtocol') ?? '?'} ${from === to ? from : `${from}-${to}`}`;
  return [
    ...itemsAt(permission, 'ipRanges').map((range) => `${start} ${need(range, 'cidrIp')}`),
    ...itemsAt(permission, 'ipv6Ranges').map((range) => `${start} ${need(range, 'cidrIpv6')}`),
    ...itemsAt(permission, 'groups').map((group) => `${start} ${need(group, 'groupId')}`),
  ];
}

function tagsOf(item: XmlElement): ReadonlyMap<string, string> {
  return new Map(itemsAt(item, 'tagSet').map((tag) => [need(tag, 'key'), textAt(tag, 'value') ?? '']));
}

function stateOf(name: string | undefined): InstanceState {
  const state = STATES.find((known) => known === name);
  if (state === undefined) throw unexpected('the endpoint', `the instance state ${quote(name ?? '', 40)}`);
  return state;
}

function need(element: XmlElement, name: string): string {
  const text = textAt(element, name);
  if (text === undefined) throw unexpected('the endpoint', `<${element.name}> without <${name}>`);
  return text;
}

/** A list that is empty is there all the same: what lacks it is no such answer, and must not be read as "none". */
function expectElement(root: XmlElement, name: string): void {
  if (elementAt(root, name) === undefined)
    throw unexpected('the endpoint', `<${root.name}> without <${name}>`);
}

function expectRoot(answer: XmlElement, name: string): XmlElement {
  if (answer.name !== name) throw unexpected(name, `<${printable(answer.name).slice(0, 60)}>`);
  return answer;
}

function unexpected(from: string, got: string): LatchkeyError {
  return new LatchkeyError('ec2/bad-response', `expected an answer of ${from}, got ${got}`, {
    hint: 'is this the address of an EC2 endpoint?',
  });
}
