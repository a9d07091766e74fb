import { type ErrorCode, LatchkeyError } from '../kit/index.ts';
import type { Ec2Client } from './client.ts';
import { isRefusedAs, isTrouble, type Patience, patiently, UNTIL_VISIBLE_MS } from './patience.ts';
import { TAG_KEY, type Traces, tracesOf } from './traces.ts';

/** An instance takes a minute or two to end, and its group can go only then. */
const DEFAULT_REMOVAL_MS = 300_000;

const isUnknownInstance = isRefusedAs('InvalidInstanceID.NotFound');
const isUnknownGroup = isRefusedAs('InvalidGroup.NotFound', 'InvalidGroupId.NotFound');
const isInUse = isRefusedAs('DependencyViolation', 'InvalidGroup.InUse');

/**
 * Terminates the instance and deletes the group of a start, whatever is known of them: what may have been made is looked for by
 * client token and tag until it would be visible. Idempotent; the traces say what is left.
 *
 * @throws LatchkeyError with `details.left` when something may be left: `tag`, `instance`, `securityGroup` (an id, or `unknown`)
 */
export async function removeLaunch(
  client: Ec2Client,
  traces: Traces,
  timeoutMs: number = DEFAULT_REMOVAL_MS,
): Promise<void> {
  const { clock } = client;
  const patience = { clock, until: clock.now().getTime() + timeoutMs };
  const failures: unknown[] = [];
  for (const remove of [removeInstance, removeGroup]) {
    try {
      await remove(client, traces, patience);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw left(traces, failures);
}

/**
 * Removes what is left of a start by its tag alone: for another process than the one that started it.
 *
 * @throws as {@link removeLaunch}
 */
export async function removeLeaked(client: Ec2Client, tag: string): Promise<void> {
  await removeLaunch(client, { ...tracesOf(tag), instance: 'unknown', securityGroup: 'unknown' });
}

async function removeInstance(client: Ec2Client, traces: Traces, patience: Patience): Promise<void> {
  if (traces.instance === 'unknown') {
    const found = await whenVisible(patience, async () => {
      const selection = { filters: { 'client-token': [traces.clientToken] } };
      return (await client.describeInstances(selection))[0];
    });
    traces.instance = found === undefined ? 'none' : { id: found.id };
  }
  if (traces.instance === 'none') return;
  const { id } = traces.instance;
  await removeKnown(patience, isUnknownInstance, isTrouble, async () => {
    const state = (await client.terminateInstances([id])).get(id);
    if (state === 'shutting-down' || state === 'terminated') return;
    throw new LatchkeyError(
      'ec2/bad-response',
      `expected ${id} to be shutting down, got it ${state ?? 'unnamed'}`,
      {
        retryable: true,
      },
    );
  });
  traces.instance = 'none';
}

async function removeGroup(client: Ec2Client, traces: Traces, patience: Patience): Promise<void> {
  const { clock } = patience;
  const look = async () => {
    const selection = { filters: { [`tag:${TAG_KEY}`]: [traces.tag] } };
    return (await client.describeSecurityGroups(selection))[0];
  };
  const passes = (error: unknown) => isTrouble(error) || isInUse(error);
  if (traces.securityGroup === 'unknown') {
    const found = await whenVisible(patience, look);
    traces.securityGroup = found === undefined ? 'none' : { id: found.id };
  }
  while (typeof traces.securityGroup === 'object') {
    const { id } = traces.securityGroup;
    await removeKnown(patience, isUnknownGroup, passes, () => client.deleteSecurityGroup(id));
    traces.securityGroup = 'none';
    if (clock.now().getTime() >= traces.groupMayComeUntil) return;
    traces.securityGroup = 'unknown';
    const again = await whenVisible(patience, look, traces.groupMayComeUntil);
    traces.securityGroup = again === undefined ? 'none' : { id: again.id };
  }
}

/** Looks until it is found, or has been looked for with success for so long that it would be visible. */
async function whenVisible<T>(
  patience: Patience,
  look: () => Promise<T | undefined>,
  visibleAt: number = patience.clock.now().getTime() + UNTIL_VISIBLE_MS,
): Promise<T | undefined> {
  const { clock } = patience;
  const notYet = new Error('not visible yet');
  return await patiently(
    patience,
    (error) => error === notYet || isTrouble(error),
    async () => {
      const found = await look();
      if (found === undefined && clock.now().getTime() < visibleAt) throw notYet;
      return found;
    },
  );
}

/** Removes what is known to have been made: "unknown" means that it is not visible yet, and only after a while that it is gone. */
async function removeKnown(
  patience: Patience,
  isUnknown: (error: unknown) => boolean,
  passes: (error: unknown) => boolean,
  remove: () => Promise<void>,
): Promise<void> {
  const { clock } = patience;
  const goneAt = clock.now().getTime() + UNTIL_VISIBLE_MS;
  await patiently(
    patience,
    (error) => passes(error) || isUnknown(error),
    async () => {
      try {
        await remove();
      } catch (error) {
        if (!isUnknown(error) || clock.now().getTime() < goneAt) throw error;
      }
    },
  );
}

function left(traces: Traces, failures: readonly unknown[]): LatchkeyError {
  const { tag, instance, securityGroup } = traces;
  const nameOf = (trace: Traces['instance']) => (typeof trace === 'string' ? trace : trace.id);
  const things = [
    ...(instance === 'none' ? [] : [`instance ${nameOf(instance)}`]),
    ...(securityGroup === 'none' ? [] : [`security group ${nameOf(securityGroup)}`]),
  ];
  const [first] = failures;
  const code: ErrorCode = first instanceof LatchkeyError ? first.code : 'ec2/unavailable';
  return new LatchkeyError(code, `could not remove ${things.join(' and ')} of the start ${tag}`, {
    hint: `it may still cost money: look for the tag ${TAG_KEY}=${tag} and terminate it`,
    retryable: true,
    details: { left: { tag, instance: nameOf(instance), securityGroup: nameOf(securityGroup) } },
    cause:
      failures.length === 1 ? first : new AggregateError(failures, 'several things could not be removed'),
  });
}
