import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ec2Client, type StartedInstance, type StartOptions, startInstance } from '../ec2/index.ts';
import { checkTrustedPlace, isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import type { SshConnection, SshOptions, Transport } from '../ssh/index.ts';

/** How a new instance is reached: for `openSsh`, with a credential added. */
export type Ec2Reach = Pick<SshOptions, 'hostKeys' | 'signal'> & {
  readonly target: { readonly host: string; readonly port: number };
};

/** What an `ec2://` machine is made of. */
export interface Ec2MachineOptions {
  readonly client: Ec2Client;
  /** Its host key must be `made` (the default) or read from the `console`. */
  readonly start: StartOptions;
  /** Logs in: `(reach) => openSsh({ ...reach, target: { ...reach.target, user: 'admin' }, credential })`. */
  readonly connect: (reach: Ec2Reach) => Promise<SshConnection>;
  /** Milliseconds from running until its sshd must have let us in; default 300 000. */
  readonly readyTimeoutMs?: number | undefined;
  /** Where a private directory for the known host key is made; default the system's for temporary files. */
  readonly directory?: string | undefined;
}

/** An instance of our own, reached over ssh. Closing it terminates it. */
export interface Ec2Machine extends Transport {
  readonly instance: StartedInstance;
}

const DEFAULT_READY_MS = 300_000;
const PAUSE_MS = 2000;
/** For so long after the sshd's first answer the image's own key, or a login without the user's key, may be what cloud-init has not changed yet. */
const SETTLING_MS = 60_000;

/**
 * Starts an instance and waits until its sshd shows the host key that is expected and lets us in. Whatever goes wrong, the instance is
 * terminated before this rejects.
 *
 * @throws LatchkeyError what {@link startInstance} throws; the last of the login: `ssh/unreachable`, `ssh/host-key`, `ssh/denied`
 */
export async function openEc2Machine(options: Ec2MachineOptions): Promise<Ec2Machine> {
  const { client, start } = options;
  if (start.hostKey === 'unknown')
    throw new TypeError('a machine that commands go to must have a host key that is known');
  const instance = await startInstance(client, start);
  let directory: string | undefined;
  try {
    const parent = options.directory ?? tmpdir();
    await checkTrustedPlace(parent);
    directory = await mkdtemp(join(parent, 'latchkey-ec2-'));
    const knownHosts = join(directory, 'known_hosts');
    await writeFile(knownHosts, knownHostLines(instance), { mode: 0o600 });
    const connection = await untilReady(options, instance, knownHosts);
    return machineOf(instance, connection, directory);
  } catch (error) {
    const removal = await Promise.allSettled([instance.terminate(), removeDirectory(directory)]);
    const failed = removal.find((one) => one.status === 'rejected');
    if (failed === undefined) throw error;
    throw alsoLeft(error, failed.reason);
  }
}

function machineOf(instance: StartedInstance, connection: SshConnection, directory: string): Ec2Machine {
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    // The connection goes first: it would try to reach a machine that is no more.
    try {
      await connection.close();
      await removeDirectory(directory);
    } finally {
      await instance.terminate();
    }
  };
  return {
    instance,
    description: `ec2 ${instance.id} over ${connection.description}`,
    run: (argv, options) => connection.run(argv, options),
    script: (text, args, options) => connection.script(text, args, options),
    start: (argv, options) => connection.start(argv, options),
    get files() {
      return connection.files;
    },
    close: () => {
      closing ??= close().catch((error: unknown) => {
        closing = undefined;
        throw error;
      });
      return closing;
    },
  };
}

/** Logs in as soon as it can be done: refused and unanswered connections are what a machine does that boots. */
async function untilReady(
  { client, start, connect, readyTimeoutMs = DEFAULT_READY_MS }: Ec2MachineOptions,
  { address, sshPort }: StartedInstance,
  knownHosts: string,
): Promise<SshConnection> {
  const { clock } = client;
  const { signal } = start;
  const until = clock.now().getTime() + readyTimeoutMs;
  let settledAt: number | undefined;
  for (;;) {
    try {
      return await connect({
        target: { host: address, port: sshPort },
        hostKeys: { policy: 'strict', knownHostsFiles: [knownHosts] },
        signal,
      });
    } catch (error) {
      signal?.throwIfAborted();
      const now = clock.now().getTime();
      if (isLatchkeyError(error, 'ssh/host-key') || isLatchkeyError(error, 'ssh/denied')) {
        settledAt ??= now + SETTLING_MS;
        if (now >= settledAt) throw error;
      } else if (!isLatchkeyError(error) || !error.retryable) throw error;
      if (now >= until) throw error;
    }
    await clock.sleep(PAUSE_MS, signal);
  }
}

function knownHostLines({ address, sshPort, hostKeys }: StartedInstance): string {
  const host = sshPort === 22 ? address : `[${address}]:${sshPort}`;
  return hostKeys.map((key) => `${host} ${key}\n`).join('');
}

async function removeDirectory(directory: string | undefined): Promise<void> {
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
}

/** Why it failed matters to the user, and what is left as much. */
function alsoLeft(error: unknown, removal: unknown): unknown {
  if (!isLatchkeyError(removal)) return removal;
  const said = error instanceof Error ? error.message : 'the machine could not be reached';
  return new LatchkeyError(removal.code, `${said}; and ${removal.message}`, {
    ...(removal.hint === undefined ? {} : { hint: removal.hint }),
    retryable: removal.retryable,
    details: removal.details,
    cause: new AggregateError([error, removal], 'the login failed, and so did the removal'),
  });
}
