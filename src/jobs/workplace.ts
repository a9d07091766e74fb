import { LatchkeyError, Secret } from '../kit/index.ts';
import { type CommandOptions, type CommandResult, openLocal, type Transport } from '../ssh/index.ts';
import type { BatchCommand, BatchSystem } from './batch-system.ts';
import { BATCH_SYSTEMS } from './batch-systems.ts';
import type { Connector } from './connector.ts';
import { type Ec2MachineOptions, openEc2Machine } from './ec2-machine.ts';
import { machine } from './machine.ts';
import { HELLO } from './sandbox-scripts.ts';
import type { ServiceUrl } from './service-url.ts';

/** A connected machine with its scheduler, and the place of the sandboxes there. */
export interface Workplace {
  readonly transport: Transport;
  readonly system: BatchSystem;
  /** Absolute path of the login directory. */
  readonly home: string;
  readonly login: string;
  /** Absolute path of the sandboxes. */
  readonly root: string;
  /** Lets go of the machine; a connection that a session gave stays that session's. */
  close(): Promise<void>;
}

/** What a workplace is opened with. */
export interface WorkplaceOptions {
  readonly session?: Connector | undefined;
  /** What is started for `ec2://`. */
  readonly ec2?: Ec2MachineOptions | undefined;
  /** Absolute, or relative to the login directory. */
  readonly sandboxRoot: string;
  readonly graceSeconds: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects, and finds out who and where we are.
 *
 * @throws LatchkeyError of the connection; `jobs/url` for a scheme without an adaptor; `jobs/scheduler`
 */
export async function openWorkplace(url: ServiceUrl, options: WorkplaceOptions): Promise<Workplace> {
  const transport = await connect(url, options);
  const close = async () => {
    // A machine that was started for this service ends with it.
    if (url.via === 'local' || url.via === 'ec2') await transport.close();
  };
  try {
    const hello = await runScript(transport, HELLO, []);
    const [home = '', login = ''] = hello.split('\n');
    if (!home.startsWith('/'))
      throw new LatchkeyError('jobs/scheduler', 'that machine tells no login directory');
    const root = options.sandboxRoot.startsWith('/') ? options.sandboxRoot : `${home}/${options.sandboxRoot}`;
    const system =
      url.batch === undefined ? machine(root, options.graceSeconds) : await batchSystem(url, transport);
    return { transport, system, home, login, root, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The adaptor of a scheme, as far as it is known without asking the machine. */
export function knownSystem(url: ServiceUrl): BatchSystem | undefined {
  if (url.batch === undefined) return machine('/', 0);
  const system = BATCH_SYSTEMS[url.batch];
  return system === undefined || 'probe' in system ? undefined : system;
}

/** Runs a scheduler's command. */
export function runCommand(
  { transport }: Workplace,
  command: BatchCommand,
  signal?: AbortSignal,
): Promise<CommandResult> {
  return transport.run(command.argv, commandOptions(command, signal));
}

/** Environment and input of a scheduler's command, as a transport takes them. */
export function commandOptions({ input, env }: BatchCommand, signal?: AbortSignal): CommandOptions {
  return { input, env, signal };
}

/**
 * Runs a script of ours that has to succeed.
 *
 * @returns its standard output
 * @throws LatchkeyError `jobs/scheduler` with what it said
 */
export async function runScript(
  transport: Transport,
  script: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await transport.script(script, args, options);
  if (result.exitCode !== 0) {
    const said = result.stderr.toString('utf8').trim().slice(-300) || `exit code ${result.exitCode}`;
    throw new LatchkeyError('jobs/scheduler', `a step on ${transport.description} failed: ${said}`);
  }
  return result.stdout.toString('utf8');
}

async function connect(url: ServiceUrl, { session, ec2, signal }: WorkplaceOptions): Promise<Transport> {
  const { via, host, port, user, password } = url;
  if (via === 'local') return openLocal();
  if (via === 'ec2') {
    if (ec2 !== undefined) return openEc2Machine(ec2);
    throw new LatchkeyError('jobs/url', `"${url.text}" does not say what is to be started`, {
      hint: 'new Service(url, { ec2 })',
    });
  }
  if (session === undefined || host === undefined) {
    throw new LatchkeyError('jobs/url', `"${url.text}" needs a session that reaches "${host}"`, {
      hint: 'new Service(url, { session })',
    });
  }
  return session.connect({
    scheme: via,
    host,
    port,
    user,
    password: password === undefined ? undefined : new Secret(password),
    signal,
  });
}

async function batchSystem(url: ServiceUrl, transport: Transport): Promise<BatchSystem> {
  const system = url.batch === undefined ? undefined : BATCH_SYSTEMS[url.batch];
  if (system === undefined) throw new LatchkeyError('jobs/url', `there is no adaptor for "${url.batch}"`);
  if (!('probe' in system)) return system;
  return system.choose(await transport.run(system.probe.argv, commandOptions(system.probe)));
}
