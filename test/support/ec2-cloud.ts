import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Clock } from '../../src/kit/index.ts';

/** A refusal in AWS's words. */
export class Ec2Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** An instance of the stand-in. */
export interface CloudInstance {
  readonly id: string;
  readonly clientToken: string;
  /** Everything that it was launched with. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly launchedAt: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly groupIds: readonly string[];
  /** What cloud-init would find. */
  readonly userData: string;
  state: 'pending' | 'running' | 'shutting-down' | 'terminated';
  reason: string | undefined;
  endedAt: number | undefined;
  /** Of the machine behind it, when it runs. */
  machine: CloudMachine | undefined;
}

/** What stands for the machine itself. */
interface CloudMachine {
  readonly address: string;
  /** Lines `ssh-ed25519 AAAA…` for the console. */
  readonly hostKeys?: readonly string[];
  stop?(): Promise<void>;
}

/** How the stand-in behaves. */
export interface CloudOptions {
  readonly clock: Clock;
  /** Milliseconds of the clock from launch to `running`; default 20 000. */
  readonly bootMs?: number;
  /** From launch to the console's output; default 40 000. */
  readonly consoleMs?: number;
  /** From shutting down to terminated; default 30 000. */
  readonly endMs?: number;
  /** Until a new thing is seen by other requests; default 0. */
  readonly visibleMs?: number;
  /** Starts the machine of an instance that begins to run. Default: none, at 127.0.0.1. */
  readonly boot?: (instance: CloudInstance) => Promise<CloudMachine>;
  /** The instance dies instead of running, for this reason. */
  readonly dies?: string;
  readonly addresses?: 'none';
}

interface Group {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly madeAt: number;
  readonly rules: { readonly protocol: string; from: string; to: string; cidr: string }[];
}

interface KeyPair {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
  readonly tags: ReadonlyMap<string, string>;
}

type Parameters = ReadonlyMap<string, string>;

/** The state of a stand-in for EC2, and what each action does to it; no sockets. */
export class Ec2Cloud {
  readonly instances: CloudInstance[] = [];
  readonly groups: Group[] = [];
  readonly keyPairs: KeyPair[] = [];
  readonly #options: CloudOptions;

  constructor(options: CloudOptions) {
    this.#options = options;
  }

  /** Instances that would be paid for. */
  get alive(): readonly CloudInstance[] {
    return this.instances.filter(({ state }) => state === 'pending' || state === 'running');
  }

  /** Carries an action out and gives the inner part of its answer. */
  async act(action: string, parameters: Parameters): Promise<string> {
    await this.#passTime();
    const handler = HANDLERS[action];
    if (handler === undefined) throw new Ec2Refusal('InvalidAction', `The action ${action} is not valid`);
    return await handler(this, parameters);
  }

  /** Stops every machine. */
  async close(): Promise<void> {
    for (const instance of this.instances) await this.#stop(instance);
  }

  get now(): number {
    return this.#options.clock.now().getTime();
  }

  isVisible(madeAt: number): boolean {
    return this.now >= madeAt + (this.#options.visibleMs ?? 0);
  }

  visibleInstance(id: string): CloudInstance {
    const found = this.instances.find(
      (instance) => instance.id === id && this.isVisible(instance.launchedAt),
    );
    if (found !== undefined) return found;
    throw new Ec2Refusal('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  }

  visibleGroup(id: string): Group {
    const found = this.groups.find((group) => group.id === id && this.isVisible(group.madeAt));
    if (found !== undefined) return found;
    throw new Ec2Refusal('InvalidGroup.NotFound', `The security group '${id}' does not exist`);
  }

  hasConsole(instance: CloudInstance): boolean {
    return this.now >= instance.launchedAt + (this.#options.consoleMs ?? 40_000);
  }

  get givesAddresses(): boolean {
    return this.#options.addresses !== 'none';
  }

  async end(instance: CloudInstance, reason: string): Promise<void> {
    if (instance.state === 'shutting-down' || instance.state === 'terminated') return;
    instance.state = 'shutting-down';
    instance.reason = reason;
    instance.endedAt = this.now;
    await this.#stop(instance);
  }

  async #stop(instance: CloudInstance): Promise<void> {
    const { machine } = instance;
    instance.machine = undefined;
    await machine?.stop?.();
  }

  async #passTime(): Promise<void> {
    const { bootMs = 20_000, endMs = 30_000, boot, dies } = this.#options;
    for (const instance of this.instances) {
      if (instance.state === 'pending' && this.now >= instance.launchedAt + bootMs) {
        if (dies !== undefined) await this.end(instance, dies);
        else {
          instance.state = 'running';
          instance.machine = (await boot?.(instance)) ?? { address: '127.0.0.1' };
        }
      }
      if (instance.state === 'shutting-down' && this.now >= (instance.endedAt ?? 0) + endMs)
        instance.state = 'terminated';
    }
  }
}

type Handler = (cloud: Ec2Cloud, parameters: Parameters) => string | Promise<string>;

const HANDLERS: Readonly<Record<string, Handler>> = {
  RunInstances: (cloud, parameters) => {
    const clientToken = parameters.get('ClientToken') ?? randomBytes(8).toString('hex');
    const known = cloud.instances.find((instance) => instance.clientToken === clientToken);
    if (known !== undefined) {
      if (JSON.stringify([...known.parameters]) !== JSON.stringify([...parameters]))
        throw new Ec2Refusal('IdempotentParameterMismatch', 'Arguments on this idempotent request differ');
      return instancesSet(cloud, [known]);
    }
    const keyName = parameters.get('KeyName');
    if (keyName !== undefined && !cloud.keyPairs.some(({ name }) => name === keyName))
      throw new Ec2Refusal('InvalidKeyPair.NotFound', `The key pair '${keyName}' does not exist`);
    const groupIds = listed(parameters, 'SecurityGroupId');
    for (const id of groupIds) cloud.visibleGroup(id);
    if (!(parameters.get('ImageId') ?? '').startsWith('ami-'))
      throw new Ec2Refusal('InvalidAMIID.Malformed', `Invalid id: "${parameters.get('ImageId')}"`);
    const userData = Buffer.from(parameters.get('UserData') ?? '', 'base64').toString('utf8');
    const instance: CloudInstance = {
      id: newId('i'),
      clientToken,
      parameters,
      launchedAt: cloud.now,
      tags: tagsFor(parameters, 'instance'),
      groupIds,
      userData,
      state: 'pending',
      reason: undefined,
      endedAt: undefined,
      machine: undefined,
    };
    cloud.instances.push(instance);
    return instancesSet(cloud, [instance]);
  },
  DescribeInstances: (cloud, parameters) => {
    const ids = listed(parameters, 'InstanceId');
    const named = ids.map((id) => cloud.visibleInstance(id));
    const all =
      ids.length > 0 ? named : cloud.instances.filter(({ launchedAt }) => cloud.isVisible(launchedAt));
    const chosen = all.filter((instance) =>
      matches(parameters, (name) =>
        name === 'client-token'
          ? [instance.clientToken]
          : name === 'instance-state-name'
            ? [instance.state]
            : tagValues(instance.tags, name),
      ),
    );
    return `<reservationSet>${chosen
      .map((instance) => `<item><reservationId>r-1</reservationId>${instancesSet(cloud, [instance])}</item>`)
      .join('')}</reservationSet>`;
  },
  TerminateInstances: async (cloud, parameters) => {
    const instances = listed(parameters, 'InstanceId').map((id) => cloud.visibleInstance(id));
    const items: string[] = [];
    for (const instance of instances) {
      const before = instance.state;
      await cloud.end(instance, 'Client.UserInitiatedShutdown');
      items.push(
        `<item><instanceId>${instance.id}</instanceId>${stateXml('currentState', instance.state)}${stateXml('previousState', before)}</item>`,
      );
    }
    return `<instancesSet>${items.join('')}</instancesSet>`;
  },
  GetConsoleOutput: (cloud, parameters) => {
    const instance = cloud.visibleInstance(parameters.get('InstanceId') ?? '');
    const output = cloud.hasConsole(instance) ? `<output>${consoleOf(instance)}</output>` : '';
    return `<instanceId>${instance.id}</instanceId><timestamp>${new Date(cloud.now).toISOString()}</timestamp>${output}`;
  },
  DescribeKeyPairs: (cloud, parameters) => {
    const names = listed(parameters, 'KeyName');
    for (const wanted of names)
      if (!cloud.keyPairs.some(({ name }) => name === wanted))
        throw new Ec2Refusal('InvalidKeyPair.NotFound', `The key pair '${wanted}' does not exist`);
    const chosen = cloud.keyPairs.filter(({ name }) => names.length === 0 || names.includes(name));
    const withKeys = parameters.get('IncludePublicKey') === 'true';
    return `<keySet>${chosen.map((pair) => `<item>${keyPairXml(pair, withKeys)}</item>`).join('')}</keySet>`;
  },
  ImportKeyPair: (cloud, parameters) => {
    const name = parameters.get('KeyName') ?? '';
    const publicKey = Buffer.from(parameters.get('PublicKeyMaterial') ?? '', 'base64')
      .toString('utf8')
      .trim();
    if (!/^ssh-(rsa|ed25519) [A-Za-z0-9+/=]+( .*)?$/.test(publicKey))
      throw new Ec2Refusal('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
    if (cloud.keyPairs.some((pair) => pair.name === name))
      throw new Ec2Refusal('InvalidKeyPair.Duplicate', `The keypair '${name}' already exists.`);
    const pair = { id: newId('key'), name, publicKey, tags: tagsFor(parameters, 'key-pair') };
    cloud.keyPairs.push(pair);
    return keyPairXml(pair, false);
  },
  DeleteKeyPair: (cloud, parameters) => {
    const at = cloud.keyPairs.findIndex(({ name }) => name === parameters.get('KeyName'));
    if (at >= 0) cloud.keyPairs.splice(at, 1);
    return '<return>true</return>';
  },
  CreateSecurityGroup: (cloud, parameters) => {
    const name = parameters.get('GroupName') ?? '';
    if (cloud.groups.some((group) => group.name === name))
      throw new Ec2Refusal('InvalidGroup.Duplicate', `The security group '${name}' already exists`);
    const group: Group = {
      id: newId('sg'),
      name,
      description: parameters.get('GroupDescription') ?? '',
      tags: tagsFor(parameters, 'security-group'),
      madeAt: cloud.now,
      rules: [],
    };
    cloud.groups.push(group);
    return `<return>true</return><groupId>${group.id}</groupId>`;
  },
  AuthorizeSecurityGroupIngress: (cloud, parameters) => {
    const group = cloud.visibleGroup(parameters.get('GroupId') ?? '');
    const part = (name: string) => parameters.get(`IpPermissions.1.${name}`) ?? '';
    const cidr = part('IpRanges.1.CidrIp') || part('Ipv6Ranges.1.CidrIpv6');
    const rule = { protocol: part('IpProtocol'), from: part('FromPort'), to: part('ToPort'), cidr };
    if (group.rules.some((known) => JSON.stringify(known) === JSON.stringify(rule)))
      throw new Ec2Refusal('InvalidPermission.Duplicate', 'the specified rule already exists');
    group.rules.push(rule);
    return '<return>true</return>';
  },
  DescribeSecurityGroups: (cloud, parameters) => {
    const ids = listed(parameters, 'GroupId');
    const named = ids.map((id) => cloud.visibleGroup(id));
    const all = ids.length > 0 ? named : cloud.groups.filter(({ madeAt }) => cloud.isVisible(madeAt));
    const chosen = all.filter((group) =>
      matches(parameters, (name) => (name === 'group-name' ? [group.name] : tagValues(group.tags, name))),
    );
    return `<securityGroupInfo>${chosen.map((group) => `<item>${groupXml(group)}</item>`).join('')}</securityGroupInfo>`;
  },
  DeleteSecurityGroup: (cloud, parameters) => {
    const group = cloud.visibleGroup(parameters.get('GroupId') ?? '');
    const isUsed = cloud.instances.some(
      ({ groupIds, state }) => groupIds.includes(group.id) && state !== 'terminated',
    );
    if (isUsed) throw new Ec2Refusal('DependencyViolation', `resource ${group.id} has a dependent object`);
    cloud.groups.splice(cloud.groups.indexOf(group), 1);
    return '<return>true</return>';
  },
};

const STATE_CODES = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48 } as const;

function stateXml(name: string, state: CloudInstance['state']): string {
  return `<${name}><code>${STATE_CODES[state]}</code><name>${state}</name></${name}>`;
}

function instancesSet(cloud: Ec2Cloud, instances: readonly CloudInstance[]): string {
  return `<instancesSet>${instances.map((instance) => `<item>${instanceXml(cloud, instance)}</item>`).join('')}</instancesSet>`;
}

function instanceXml(cloud: Ec2Cloud, instance: CloudInstance): string {
  const { parameters } = instance;
  const keyName = parameters.get('KeyName');
  const address = cloud.givesAddresses ? instance.machine?.address : undefined;
  const reason =
    instance.reason === undefined
      ? ''
      : `<stateReason><code>${escapeXml(instance.reason)}</code><message>${escapeXml(instance.reason)}</message></stateReason>`;
  return [
    `<instanceId>${instance.id}</instanceId><imageId>${escapeXml(parameters.get('ImageId') ?? '')}</imageId>`,
    stateXml('instanceState', instance.state),
    `<privateDnsName/><dnsName/><reason/>`,
    keyName === undefined ? '' : `<keyName>${escapeXml(keyName)}</keyName>`,
    `<instanceType>${escapeXml(parameters.get('InstanceType') ?? '')}</instanceType>`,
    `<launchTime>${new Date(instance.launchedAt).toISOString()}</launchTime>`,
    address === undefined
      ? ''
      : `<privateIpAddress>${address}</privateIpAddress><ipAddress>${address}</ipAddress>`,
    `<groupSet>${instance.groupIds.map((id) => `<item><groupId>${id}</groupId><groupName>g</groupName></item>`).join('')}</groupSet>`,
    reason,
    `<clientToken>${escapeXml(instance.clientToken)}</clientToken>${tagSetXml(instance.tags)}`,
  ].join('');
}

function groupXml(group: Group): string {
  const rules = group.rules.map(({ protocol, from, to, cidr }) => {
    const isV6 = cidr.includes(':');
    const range = `<item><${isV6 ? 'cidrIpv6' : 'cidrIp'}>${cidr}</${isV6 ? 'cidrIpv6' : 'cidrIp'}></item>`;
    return `<item><ipProtocol>${protocol}</ipProtocol><fromPort>${from}</fromPort><toPort>${to}</toPort><groups/><ipRanges>${isV6 ? '' : range}</ipRanges><ipv6Ranges>${isV6 ? range : ''}</ipv6Ranges></item>`;
  });
  return `<ownerId>123</ownerId><groupId>${group.id}</groupId><groupName>${escapeXml(group.name)}</groupName><groupDescription>${escapeXml(group.description)}</groupDescription><ipPermissions>${rules.join('')}</ipPermissions>${tagSetXml(group.tags)}`;
}

function keyPairXml(pair: KeyPair, withKey: boolean): string {
  const key = withKey ? `<publicKey>${escapeXml(pair.publicKey)}</publicKey>` : '';
  return `<keyPairId>${pair.id}</keyPairId><keyName>${escapeXml(pair.name)}</keyName><keyFingerprint>${fingerprintOf(pair.publicKey)}</keyFingerprint>${key}`;
}

function tagSetXml(tags: ReadonlyMap<string, string>): string {
  const items = [...tags].map(
    ([key, value]) => `<item><key>${escapeXml(key)}</key><value>${escapeXml(value)}</value></item>`,
  );
  return `<tagSet>${items.join('')}</tagSet>`;
}

/** As the documentation says: SHA-256 of an ed25519 key, MD5 of the DER of an imported RSA key. */
function fingerprintOf(publicKey: string): string {
  const [type, base64 = ''] = publicKey.split(' ');
  const blob = Buffer.from(base64, 'base64');
  if (type === 'ssh-ed25519') return createHash('sha256').update(blob).digest('base64');
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length; at += 4 + blob.readUInt32BE(at))
    fields.push(blob.subarray(at + 4, at + 4 + blob.readUInt32BE(at)));
  const [, e, n] = fields.map((field) => field.toString('base64url'));
  const key = createPublicKey({ key: { kty: 'RSA', e: e ?? '', n: n ?? '' }, format: 'jwk' });
  const der = key.export({ type: 'spki', format: 'der' });
  return createHash('md5')
    .update(der)
    .digest('hex')
    .replace(/..(?=.)/g, '$&:');
}

/** As Debian's images write it: cloud-init's lines, a kernel message in between. */
function consoleOf(instance: CloudInstance): string {
  const given = /"ed25519_public": "([^"]+)"/.exec(instance.userData)?.[1];
  const keys = instance.machine?.hostKeys ?? [given ?? randomHostKey(instance)];
  const text = [
    '[    0.000000] Linux version 6.1.0-18-cloud-amd64',
    'ci-info: no authorized SSH keys fingerprints found for user debian.',
    '<14>Nov 22 12:20:52 cloud-init: -----BEGIN SSH HOST KEY KEYS-----',
    '[   12.345678] random: crng init done',
    ...keys.map((key) => `${key} root@ip-10-0-0-1`),
    '-----END SSH HOST KEY KEYS-----',
    'ip-10-0-0-1 login: ',
  ].join('\r\n');
  return Buffer.from(text).toString('base64');
}

const madeKeys = new WeakMap<CloudInstance, string>();

function randomHostKey(instance: CloudInstance): string {
  const known = madeKeys.get(instance);
  if (known !== undefined) return known;
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const blob = Buffer.concat([
    Buffer.from('0000000b', 'hex'),
    Buffer.from('ssh-ed25519'),
    Buffer.from('00000020', 'hex'),
    Buffer.from(x, 'base64url'),
  ]);
  const key = `ssh-ed25519 ${blob.toString('base64')}`;
  madeKeys.set(instance, key);
  return key;
}

function listed(parameters: Parameters, name: string): string[] {
  const values: string[] = [];
  for (let n = 1; parameters.has(`${name}.${n}`); n += 1) values.push(parameters.get(`${name}.${n}`) ?? '');
  return values;
}

function tagsFor(parameters: Parameters, resource: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (let n = 1; parameters.has(`TagSpecification.${n}.ResourceType`); n += 1) {
    if (parameters.get(`TagSpecification.${n}.ResourceType`) !== resource) continue;
    for (let m = 1; parameters.has(`TagSpecification.${n}.Tag.${m}.Key`); m += 1)
      tags.set(
        parameters.get(`TagSpecification.${n}.Tag.${m}.Key`) ?? '',
        parameters.get(`TagSpecification.${n}.Tag.${m}.Value`) ?? '',
      );
  }
  return tags;
}

function tagValues(tags: ReadonlyMap<string, string>, filter: string): readonly string[] {
  if (filter === 'tag-key') return [...tags.keys()];
  if (filter.startsWith('tag:')) return [tags.get(filter.slice(4)) ?? '\0'];
  throw new Ec2Refusal('InvalidParameterValue', `The filter '${filter}' is invalid`);
}

function matches(parameters: Parameters, valuesOf: (filter: string) => readonly string[]): boolean {
  for (let n = 1; parameters.has(`Filter.${n}.Name`); n += 1) {
    const wanted = listed(parameters, `Filter.${n}.Value`);
    const values = valuesOf(parameters.get(`Filter.${n}.Name`) ?? '');
    if (!wanted.some((value) => values.includes(value))) return false;
  }
  return true;
}

function newId(kind: string): string {
  return `${kind}-0${randomBytes(8).toString('hex')}`;
}

/** Text for an element. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? c);
}
