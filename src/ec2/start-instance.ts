import { LatchkeyError, quote } from '../kit/index.ts';
import type { InstanceInfo } from './answers.ts';
import type { Ec2Client } from './client.ts';
import { hostKeysOnConsole } from './console-host-keys.ts';
import { ensureKeyPair } from './ensure-key-pair.ts';
import { awsCodeOf } from './failure.ts';
import { generateHostKey } from './host-key.ts';
import { isRefusedAs, isTrouble, type Patience, patiently, UNTIL_VISIBLE_MS } from './patience.ts';
import { removeLaunch } from './remove-launch.ts';
import type { GroupRequest } from './requests.ts';
import { type CheckedStart, checkStart, type StartOptions } from './start-options.ts';
import { TAG_KEY, type Traces, tracesOf } from './traces.ts';
import { userDataFor } from './user-data.ts';

/** An instance that runs, until it is terminated here. */
export interface StartedInstance extends AsyncDisposable {
  /** `i-…`. */
  readonly id: string;
  readonly tag: string;
  readonly address: string;
  readonly sshPort: number;
  /** OpenSSH lines without comments, one of which the sshd must show; empty when they are unknown. */
  readonly hostKeys: readonly string[];
  /**
   * Ends it for good and deletes the group that was made for it. Resolves when the endpoint is shutting it down, with a group when that
   * is deleted. Idempotent; after an error it can be called again.
   *
   * @throws LatchkeyError with `details.left` when something may be left
   */
  terminate(): Promise<void>;
}

/**
 * Starts an instance and waits until it runs and has an address. Whatever goes wrong, nothing is left: what was made, or may have been made
 * by a request whose answer was lost, is removed before this rejects, also after an abort (which takes its time then).
 *
 * @throws LatchkeyError `ec2/config`, `ec2/refused`, `ec2/unavailable`, `ec2/bad-response`, `ec2/timed-out`, `http/…`; the signal's reason.
 * When something may be left, `details.left` says what.
 */
export async function startInstance(client: Ec2Client, options: StartOptions): Promise<StartedInstance> {
  const checked = checkStart(options);
  const traces = tracesOf(checked.tag);
  try {
    return await start(client, options, checked, traces);
  } catch (error) {
    try {
      await removeLaunch(client, traces);
    } catch (removal) {
      throw alsoLeft(error, removal);
    }
    throw error;
  }
}

async function start(
  client: Ec2Client,
  options: StartOptions,
  checked: CheckedStart,
  traces: Traces,
): Promise<StartedInstance> {
  const { clock } = client;
  const { signal } = options;
  const patience: Patience = { clock, until: clock.now().getTime() + checked.timeoutMs, signal };
  if (options.keyPair !== undefined) await ensureKeyPair(client, options.keyPair, { signal });
  const groups = options.securityGroupIds ?? [await makeGroup(client, options, checked, traces)];
  const madeKey = checked.hostKey === 'made' ? generateHostKey() : undefined;
  const { maxLifetimeMinutes } = options;
  const launch = {
    imageId: options.imageId,
    instanceType: options.instanceType,
    keyName: options.keyPair?.name,
    securityGroupIds: groups,
    subnetId: options.subnetId,
    userData: userDataFor({ hostKey: madeKey, maxLifetimeMinutes }),
    clientToken: traces.clientToken,
    tags: { [TAG_KEY]: checked.tag, Name: `latchkey-${checked.tag}` },
  };
  const { id } = await patiently(
    // Key pair and group may have been made a moment ago.
    { ...patience, until: Math.min(patience.until, clock.now().getTime() + UNTIL_VISIBLE_MS) },
    isRefusedAs('InvalidKeyPair.NotFound', 'InvalidGroup.NotFound'),
    () => make(traces, 'instance', async () => await client.runInstances(launch, { signal })),
  );
  const { address } = await untilRunning(client, id, checked, patience);
  const hostKeys =
    madeKey !== undefined
      ? [madeKey.publicKey]
      : checked.hostKey === 'console'
        ? await untilHostKeys(client, id, patience)
        : [];
  return started(client, traces, { id, tag: checked.tag, address, sshPort: checked.sshPort, hostKeys });
}

/** Makes a thing and notes it: from before the request on it may be there, unless the one request that was made was refused. */
async function make<T extends { readonly id: string }>(
  traces: Traces,
  what: 'instance' | 'securityGroup',
  request: () => Promise<T>,
): Promise<T> {
  const before = traces[what];
  traces[what] = 'unknown';
  try {
    const made = await request();
    traces[what] = { id: made.id };
    return made;
  } catch (error) {
    const isRefused = error instanceof LatchkeyError && error.code === 'ec2/refused';
    if (isRefused && error.details.attempts === 1) traces[what] = before;
    throw error;
  }
}

async function makeGroup(
  client: Ec2Client,
  { vpcId, signal }: StartOptions,
  { tag, network, sshPort }: CheckedStart,
  traces: Traces,
): Promise<string> {
  const name = `latchkey-${tag}`;
  const description = `ssh to the instance latchkey ${tag}`;
  const id = await makeNamedGroup(
    client,
    { name, description, vpcId, tags: { [TAG_KEY]: tag } },
    traces,
    signal,
  );
  const { clock } = client;
  await patiently(
    { clock, until: clock.now().getTime() + UNTIL_VISIBLE_MS, signal },
    isRefusedAs('InvalidGroup.NotFound'),
    async () => {
      try {
        await client.authorizeIngress({ groupId: id, from: network ?? '', port: sshPort }, { signal });
      } catch (error) {
        if (awsCodeOf(error) !== 'InvalidPermission.Duplicate') throw error;
      }
    },
  );
  return id;
}

async function makeNamedGroup(
  client: Ec2Client,
  group: GroupRequest,
  traces: Traces,
  signal: AbortSignal | undefined,
): Promise<string> {
  const mayStillCome = () => {
    traces.groupMayComeUntil = client.clock.now().getTime() + UNTIL_VISIBLE_MS;
  };
  try {
    const options = { signal, onRetry: mayStillCome };
    const request = async () => ({ id: await client.createSecurityGroup(group, options) });
    return (await make(traces, 'securityGroup', request)).id;
  } catch (error) {
    // Made by our own request, of which the answer was lost; were it another's, the first request would have been refused.
    if (traces.securityGroup !== 'unknown' || awsCodeOf(error) !== 'InvalidGroup.Duplicate') throw error;
    const [known] = await client.describeSecurityGroups(
      { filters: { 'group-name': [group.name] } },
      { signal },
    );
    if (known === undefined) throw error;
    traces.securityGroup = { id: known.id };
    return known.id;
  }
}

/** Pauses between looks at an instance. */
const LOOK_MS = 3000;
const LOOK_AT_CONSOLE_MS = 10_000;

async function untilRunning(
  client: Ec2Client,
  id: string,
  { addressKind }: CheckedStart,
  patience: Patience,
): Promise<{ readonly address: string }> {
  const { clock, signal } = patience;
  const visible = { ...patience, until: clock.now().getTime() + UNTIL_VISIBLE_MS };
  for (;;) {
    const isUnknown = isRefusedAs('InvalidInstanceID.NotFound');
    const instance = await patiently(
      visible,
      (error) => isUnknown(error) || isTrouble(error),
      async () => (await client.describeInstances({ ids: [id] }, { signal })).find((one) => one.id === id),
    );
    if (instance !== undefined && instance.state !== 'pending' && instance.state !== 'running')
      throw ended(instance);
    const address = addressKind === 'public' ? instance?.publicAddress : instance?.privateAddress;
    if (instance?.state === 'running' && address !== undefined) return { address };
    const isLate = clock.now().getTime() >= patience.until;
    if (isLate)
      throw late(
        id,
        `is ${instance?.state ?? 'not visible'}, with ${addressKind} address: ${address ?? 'none'}`,
      );
    await clock.sleep(LOOK_MS, signal);
  }
}

async function untilHostKeys(client: Ec2Client, id: string, patience: Patience): Promise<readonly string[]> {
  const { clock, signal } = patience;
  for (let isLatest = true; ; ) {
    const keys = await patiently(patience, isTrouble, async () => {
      try {
        return hostKeysOnConsole(await client.getConsoleOutput(id, { signal, isLatest }));
      } catch (error) {
        // Older kinds of instances have the output of the boot only.
        if (awsCodeOf(error) !== 'UnsupportedOperation' || !isLatest) throw error;
        isLatest = false;
        return [];
      }
    });
    if (keys.length > 0) return keys;
    if (clock.now().getTime() >= patience.until)
      throw late(id, 'has not written its host keys on the console');
    await clock.sleep(LOOK_AT_CONSOLE_MS, signal);
  }
}

function started(
  client: Ec2Client,
  traces: Traces,
  facts: Pick<StartedInstance, 'id' | 'tag' | 'address' | 'sshPort' | 'hostKeys'>,
): StartedInstance {
  let removal: Promise<void> | undefined;
  const terminate = (): Promise<void> => {
    removal ??= removeLaunch(client, traces).catch((error: unknown) => {
      removal = undefined;
      throw error;
    });
    return removal;
  };
  return { ...facts, terminate, [Symbol.asyncDispose]: terminate };
}

function ended(instance: InstanceInfo): LatchkeyError {
  const { id, state, stateReason } = instance;
  const why = stateReason === undefined ? '' : `: ${quote(`${stateReason.code} ${stateReason.message}`)}`;
  return new LatchkeyError('ec2/refused', `instance ${id} is ${state} instead of running${why}`, {
    hint: 'see why in the state reason; try another instance type or subnet',
    details: { instanceId: id, state, ...(stateReason === undefined ? {} : { awsCode: stateReason.code }) },
  });
}

function late(id: string, what: string): LatchkeyError {
  return new LatchkeyError('ec2/timed-out', `instance ${id} ${what}, when the time was over`, {
    hint: 'allow more time; does its subnet give addresses of this kind?',
    retryable: true,
    details: { instanceId: id },
  });
}

/** The first error is what the user asks about; what is left matters as much. */
function alsoLeft(error: unknown, removal: unknown): unknown {
  if (!(removal instanceof LatchkeyError)) return removal;
  const said = error instanceof Error ? error.message : 'the start failed';
  return new LatchkeyError(removal.code, `${said}; and ${removal.message}`, {
    ...(removal.hint === undefined ? {} : { hint: removal.hint }),
    retryable: removal.retryable,
    details: { ...removal.details },
    cause: new AggregateError([error, removal], 'the start failed, and so did the removal'),
  });
}
