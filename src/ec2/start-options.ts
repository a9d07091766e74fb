import { randomBytes } from 'node:crypto';
import { LatchkeyError, quote } from '../kit/index.ts';
import { allowedNetwork } from './allowed-network.ts';
import type { KeyPairChoice } from './ensure-key-pair.ts';

/** What is started, and who may reach it. */
export interface StartOptions {
  /** `ami-…`; one with cloud-init and sshd. */
  readonly imageId: string;
  /** `t3.micro`. */
  readonly instanceType: string;
  /** Who may log in; registered under its name if it is missing, and left there. */
  readonly keyPair?: KeyPairChoice | undefined;
  /** Address or network that may reach the sshd; a security group is made for it, and deleted at the end. */
  readonly allowFrom?: string | undefined;
  /** Groups of one's own instead; they are left alone. */
  readonly securityGroupIds?: readonly string[] | undefined;
  readonly vpcId?: string | undefined;
  readonly subnetId?: string | undefined;
  /** Where the sshd listens; default 22. */
  readonly sshPort?: number | undefined;
  /** Which address is wanted. Default `public`. */
  readonly addressKind?: 'public' | 'private' | undefined;
  /**
   * How the host key is known. `made` (default): an ed25519 key is made here and put in by cloud-init; the user data with it can be read
   * on the instance and by the account. `console`: cloud-init's own keys are read from the console, which takes minutes. `unknown`: it is not.
   */
  readonly hostKey?: 'made' | 'console' | 'unknown' | undefined;
  /** The instance shuts down and is terminated by itself after that many minutes, also when this process is no more. */
  readonly maxLifetimeMinutes?: number | undefined;
  /** Value of the tag `latchkey`, `[A-Za-z0-9-]{1,50}`, unique for each start. Default: random. */
  readonly tag?: string | undefined;
  /** Milliseconds until it must run, with address and host key; default 600 000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options that were checked, with the defaults filled in. */
export interface CheckedStart {
  readonly tag: string;
  readonly sshPort: number;
  readonly timeoutMs: number;
  readonly addressKind: 'public' | 'private';
  readonly hostKey: 'made' | 'console' | 'unknown';
  /** In CIDR notation; undefined with groups of one's own. */
  readonly network: string | undefined;
}

/** @throws LatchkeyError `ec2/config` */
export function checkStart(options: StartOptions): CheckedStart {
  const { allowFrom, securityGroupIds = [], sshPort = 22, maxLifetimeMinutes } = options;
  const { tag = randomBytes(12).toString('hex'), timeoutMs = 600_000 } = options;
  const { addressKind = 'public', hostKey = 'made' } = options;
  if (!/^[A-Za-z0-9-]{1,50}$/.test(tag))
    throw unusable(`expected a tag of letters, digits and "-", got ${quote(tag, 60)}`);
  if (!isWithin(sshPort, 65_535)) throw unusable(`expected a port, got ${sshPort}`);
  if (maxLifetimeMinutes !== undefined && !isWithin(maxLifetimeMinutes, 525_600))
    throw unusable(`expected whole minutes, a year at most, got ${maxLifetimeMinutes}`);
  if ((allowFrom === undefined) === (securityGroupIds.length === 0))
    throw unusable('expected either an address that may reach the machine, or security groups');
  const network = allowFrom === undefined ? undefined : allowedNetwork(allowFrom);
  return { tag, sshPort, timeoutMs, addressKind, hostKey, network };
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

function unusable(message: string): LatchkeyError {
  return new LatchkeyError('ec2/config', message, { hint: 'nothing was started' });
}
