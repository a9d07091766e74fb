import { readFile } from 'node:fs/promises';
import { createEc2Client, type KeyPairChoice } from '../../ec2/index.ts';
import type { Ec2MachineOptions } from '../../jobs/index.ts';
import { LatchkeyError } from '../../kit/index.ts';
import type { Session } from '../../session/index.ts';
import { formatSshPublicKey, inspectSshKey } from '../../ssh/index.ts';
import type { Given } from './given.ts';

/** A machine to be started, and what ends the watch over interrupts. */
export interface MachineToStart {
  readonly options: Ec2MachineOptions;
  /** What is to be said when it failed because somebody interrupted it. */
  interruption(): LatchkeyError | undefined;
  forget(): void;
}

/**
 * The machine that options of `latchkey run ec2://` describe, in the account of the session's EC2 context. Interrupted while it starts, it
 * is ended; once it is there, an interrupt is somebody else's concern, and it is ended with its service.
 *
 * @throws LatchkeyError `cli/usage` for what is missing; `session/no-credential` without an account
 */
export async function ec2MachineOf(given: Given, session: Session): Promise<MachineToStart> {
  const [imageId, instanceType, allowFrom] = ['image', 'instance-type', 'allow-from'].map((option) => {
    const value = given.text(option);
    if (value !== undefined) return value;
    throw new LatchkeyError('cli/usage', `ec2:// needs --${option}`, {
      hint: 'such as --image ami-0abc --instance-type t3.micro --allow-from 192.0.2.7 --key-name work -i ~/.ssh/id_ed25519',
    });
  }) as [string, string, string];
  const user = given.text('login') ?? 'root';
  const keyPair = await keyPairOf(given);
  const client = createEc2Client(await session.ec2Access());
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  return {
    options: {
      client,
      start: {
        ...{ imageId, instanceType, allowFrom, keyPair, sshPort: given.port('ssh-port') },
        maxLifetimeMinutes: Math.ceil((given.lifetime('machine-time') ?? 86_400) / 60),
        signal: interrupt.signal,
      },
      // The host key is known since just now; what the user's own files say of that address is of other machines.
      connect: ({ target, hostKeys, signal }) =>
        session.connect({ scheme: 'ssh', ...target, user, hostKeys, signal }),
    },
    interruption: () =>
      interrupt.signal.aborted
        ? new LatchkeyError('jobs/state', 'interrupted while the machine was started; it is ended')
        : undefined,
    forget: () => {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onSignal);
    },
  };
}

async function keyPairOf(given: Given): Promise<KeyPairChoice | undefined> {
  const [name, path] = [given.text('key-name'), given.text('identity')];
  if (name === undefined) return undefined;
  if (path === undefined) return { name };
  // The session has read it already, and said what is wrong with it.
  const { publicKey } = inspectSshKey(await readFile(path, 'utf8'));
  return { name, publicKey: publicKey && formatSshPublicKey({ ...publicKey, comment: '' }) };
}
