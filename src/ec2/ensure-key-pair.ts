import { LatchkeyError, quote } from '../kit/index.ts';
import type { KeyPairInfo } from './answers.ts';
import type { Ec2Client } from './client.ts';
import type { AskOptions } from './exchange.ts';
import { awsCodeOf } from './failure.ts';
import { isSameKey, readPublicKey } from './public-key.ts';

/** A key pair by its registered name. */
export interface KeyPairChoice {
  readonly name: string;
  /** OpenSSH line; absent: the name must be registered already. */
  readonly publicKey?: string | undefined;
}

/** What {@link ensureKeyPair} found or did. */
export interface EnsuredKeyPair {
  readonly name: string;
  /** True when it was registered just now. */
  readonly isNew: boolean;
  /** False: the endpoint does not tell enough to compare the registered key with the given one. */
  readonly isCompared: boolean;
}

/**
 * Registers a public key under a name unless it is registered; one that is there already must be the same key.
 *
 * @throws LatchkeyError `ec2/config` for another key under that name, or a text that is no public key; `ec2/refused` for a name
 * that is not registered when no key is given; what {@link Ec2Client} throws
 */
export async function ensureKeyPair(
  client: Ec2Client,
  choice: KeyPairChoice,
  options: AskOptions = {},
): Promise<EnsuredKeyPair> {
  const { name, publicKey } = choice;
  const known = await find(client, choice, options);
  if (publicKey === undefined) return { name, isNew: false, isCompared: false };
  const key = readPublicKey(publicKey);
  let registered = known;
  if (registered === undefined) {
    try {
      await client.importKeyPair(name, publicKey, options);
      return { name, isNew: true, isCompared: true };
    } catch (error) {
      // Somebody else was first, or our own request of which the answer was lost.
      if (awsCodeOf(error) !== 'InvalidKeyPair.Duplicate') throw error;
      [registered] = await client.describeKeyPairs([name], options);
    }
  }
  const isSame = registered === undefined ? undefined : isSameKey(key, registered);
  if (isSame === false) {
    throw new LatchkeyError('ec2/config', `another key is registered as ${quote(name)} in this region`, {
      hint: 'choose another name, or use the key that is registered',
    });
  }
  return { name, isNew: false, isCompared: isSame === true };
}

async function find(
  client: Ec2Client,
  { name, publicKey }: KeyPairChoice,
  options: AskOptions,
): Promise<KeyPairInfo | undefined> {
  try {
    return (await client.describeKeyPairs([name], options))[0];
  } catch (error) {
    if (publicKey === undefined || awsCodeOf(error) !== 'InvalidKeyPair.NotFound') throw error;
    return undefined;
  }
}
