import { type Clock, LatchkeyError, systemClock } from '../kit/index.ts';
import type { Ec2Access } from './access.ts';
import {
  type InstanceInfo,
  type InstanceState,
  type KeyPairInfo,
  type Page,
  parseCreateSecurityGroup,
  parseDescribeInstances,
  parseDescribeKeyPairs,
  parseDescribeSecurityGroups,
  parseDone,
  parseGetConsoleOutput,
  parseImportKeyPair,
  parseRunInstances,
  parseTerminateInstances,
  type SecurityGroupInfo,
} from './answers.ts';
import { type AskOptions, type Ec2Options, exchanger } from './exchange.ts';
import { readPublicKey } from './public-key.ts';
import {
  authorizeIngressQuery,
  createSecurityGroupQuery,
  deleteKeyPairQuery,
  deleteSecurityGroupQuery,
  describeInstancesQuery,
  describeKeyPairsQuery,
  describeSecurityGroupsQuery,
  type GroupRequest,
  getConsoleOutputQuery,
  type IngressRequest,
  importKeyPairQuery,
  type LaunchRequest,
  runInstancesQuery,
  type Selection,
  terminateInstancesQuery,
} from './requests.ts';

/**
 * An account at an EC2 endpoint (query API 2016-11-15). Every request is repeated with back-off while the endpoint is
 * unavailable, so one that fails may have been carried out, as one that is aborted.
 *
 * All throw LatchkeyError `ec2/refused` (`details.awsCode`), `ec2/unavailable`, `ec2/bad-response`, `http/…`.
 */
export interface Ec2Client {
  readonly clock: Clock;
  /** Without names: all. A name that is not registered is refused (`InvalidKeyPair.NotFound`). */
  describeKeyPairs(names?: readonly string[], options?: AskOptions): Promise<readonly KeyPairInfo[]>;
  /** Registers the public half, an OpenSSH line; the comment in it stays here. */
  importKeyPair(name: string, publicKey: string, options?: AskOptions): Promise<KeyPairInfo>;
  /** No error when there is none. */
  deleteKeyPair(name: string, options?: AskOptions): Promise<void>;
  /** Starts one instance; the same `clientToken` gives the same instance. */
  runInstances(launch: LaunchRequest, options?: AskOptions): Promise<InstanceInfo>;
  describeInstances(selection?: Selection, options?: AskOptions): Promise<readonly InstanceInfo[]>;
  terminateInstances(
    ids: readonly string[],
    options?: AskOptions,
  ): Promise<ReadonlyMap<string, InstanceState>>;
  /** What the instance wrote on its console, at most 64 KiB; empty when there is nothing yet. */
  getConsoleOutput(
    instanceId: string,
    options?: AskOptions & { readonly isLatest?: boolean },
  ): Promise<string>;
  /** @returns its id */
  createSecurityGroup(group: GroupRequest, options?: AskOptions): Promise<string>;
  authorizeIngress(rule: IngressRequest, options?: AskOptions): Promise<void>;
  describeSecurityGroups(selection?: Selection, options?: AskOptions): Promise<readonly SecurityGroupInfo[]>;
  deleteSecurityGroup(groupId: string, options?: AskOptions): Promise<void>;
}

/** Pages of a list that are read at most. */
const MAX_PAGES = 100;

/**
 * Opens an account; nothing is sent yet.
 *
 * @throws LatchkeyError `ec2/config`
 */
export function createEc2Client(access: Ec2Access, options: Ec2Options = {}): Ec2Client {
  const ask = exchanger(access, options);
  const clock = options.clock ?? systemClock;
  return {
    clock,
    describeKeyPairs: async (names = [], options) =>
      parseDescribeKeyPairs(await ask(describeKeyPairsQuery(names), options)),
    importKeyPair: async (name, publicKey, options) => {
      const { line } = readPublicKey(publicKey);
      return parseImportKeyPair(await ask(importKeyPairQuery(name, line), options));
    },
    deleteKeyPair: async (name, options) =>
      parseDone(await ask(deleteKeyPairQuery(name), options), 'DeleteKeyPair'),
    runInstances: async (launch, options) => parseRunInstances(await ask(runInstancesQuery(launch), options)),
    describeInstances: async (selection = {}, options) =>
      await allPages(async (token) =>
        parseDescribeInstances(await ask(describeInstancesQuery(selection, token), options)),
      ),
    terminateInstances: async (ids, options) =>
      parseTerminateInstances(await ask(terminateInstancesQuery(ids), options)),
    getConsoleOutput: async (instanceId, options = {}) =>
      parseGetConsoleOutput(await ask(getConsoleOutputQuery(instanceId, options.isLatest ?? false), options)),
    createSecurityGroup: async (group, options) =>
      parseCreateSecurityGroup(await ask(createSecurityGroupQuery(group), options)),
    authorizeIngress: async (rule, options) =>
      parseDone(await ask(authorizeIngressQuery(rule), options), 'AuthorizeSecurityGroupIngress'),
    describeSecurityGroups: async (selection = {}, options) =>
      await allPages(async (token) =>
        parseDescribeSecurityGroups(await ask(describeSecurityGroupsQuery(selection, token), options)),
      ),
    deleteSecurityGroup: async (groupId, options) =>
      parseDone(await ask(deleteSecurityGroupQuery(groupId), options), 'DeleteSecurityGroup'),
  };
}

async function allPages<Item>(read: (token: string | undefined) => Promise<Page<Item>>): Promise<Item[]> {
  const all: Item[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { items, nextToken } = await read(token);
    all.push(...items);
    if (nextToken === undefined) return all;
    token = nextToken;
  }
  throw new LatchkeyError('ec2/bad-response', `expected a list with an end, got ${MAX_PAGES} pages`, {
    hint: 'select fewer by tag or id',
  });
}
