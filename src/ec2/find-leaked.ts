import type { InstanceInfo, SecurityGroupInfo } from './answers.ts';
import type { Ec2Client } from './client.ts';
import type { AskOptions } from './exchange.ts';
import { TAG_KEY } from './traces.ts';

/** What was started here and is still there. */
export interface Leaked {
  /** Not terminated, nor about to be. */
  readonly instances: readonly InstanceInfo[];
  readonly securityGroups: readonly SecurityGroupInfo[];
}

const ALIVE = ['pending', 'running', 'stopping', 'stopped'];

/** Instances and groups of a start, or without a tag of every start, in the account and region. Those of work that goes on are among them. */
export async function findLeaked(client: Ec2Client, tag?: string, options: AskOptions = {}): Promise<Leaked> {
  const filters: Record<string, readonly string[]> =
    tag === undefined ? { 'tag-key': [TAG_KEY] } : { [`tag:${TAG_KEY}`]: [tag] };
  return {
    instances: await client.describeInstances(
      { filters: { ...filters, 'instance-state-name': ALIVE } },
      options,
    ),
    securityGroups: await client.describeSecurityGroups({ filters }, options),
  };
}
