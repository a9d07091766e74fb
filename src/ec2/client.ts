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
import { type Ec2Options, exchanger } from './exchange.ts';
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

/** Ends a request early; it rejects with the signal's reason. */
export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
}

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
    describeKeyPairs: async (names = [], { signal } = {}) =>
      parseDescribeKeyPairs(await ask(describeKeyPairsQuery(names), signal)),
    importKeyPair: async (name, publicKey, { signal } = {}) => {
      const { line } = readPublicKey(publicKey);
      return parseImportKeyPair(await ask(importKeyPairQuery(name, line), signal));
    },
    deleteKeyPair: async (name, { signal } = {}) =>
      parseDone(await ask(deleteKeyPairQuery(name), signal), 'DeleteKeyPair'),
    runInstances: async (launch, { signal } = {}) =>
      parseRunInstances(await ask(runInstancesQuery(launch), signal)),
    describeInstances: async (selection = {}, { signal } = {}) =>
      await allPages(async (token) =>
        parseDescribeInstances(await ask(describeInstancesQuery(selection, token), signal)),
      ),
    terminateInstances: async (ids, { signal } = {}) =>
      parseTerminateInstances(await ask(terminateInstancesQuery(ids), signal)),
    getConsoleOutput: async (instanceId, { signal, isLatest = false } = {}) =>
      parseGetConsoleOutput(await ask(getConsoleOutputQuery(instanceId, isLatest), signal)),
    createSecurityGroup: async (group, { signal } = {}) =>
      parseCreateSecurityGroup(await ask(createSecurityGroupQuery(group), signal)),
    authorizeIngress: async (rule, { signal } = {}) =>
      parseDone(await ask(authorizeIngressQuery(rule), signal), 'AuthorizeSecurityGroupIngress'),
    describeSecurityGroups: async (selection = {}, { signal } = {}) =>
      await allPages(async (token) =>
        parseDescribeSecurityGroups(await ask(describeSecurityGroupsQuery(selection, token), signal)),
      ),
    deleteSecurityGroup: async (groupId, { signal } = {}) =>
      parseDone(await ask(deleteSecurityGroupQuery(groupId), signal), 'DeleteSecurityGroup'),
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
