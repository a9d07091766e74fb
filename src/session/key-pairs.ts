import { createEc2Client, type Ec2Access, type Ec2Options, ensureKeyPair } from '../ec2/index.ts';
import { LatchkeyError, quote } from '../kit/index.ts';
import { formatSshPublicKey } from '../ssh/index.ts';
import type { Entry, KeyMaterial } from './entry.ts';

/** Registers the public keys of EC2_KEYPAIR contexts, in whatever order the contexts come. */
export class KeyPairs {
  readonly #options: Ec2Options;
  readonly #registered = new WeakSet<Entry>();
  /** One after the other: an account and a pair that come at the same moment must see each other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: Ec2Options) {
    this.#options = options;
  }

  /**
   * Called for each context that was checked, before it counts as added: as soon as there are a pair and an account, the pair is registered.
   *
   * @throws LatchkeyError `session/context-unusable` when the name is taken by another key, `ec2/…`
   */
  async join(entry: Entry, all: () => readonly Entry[], signal: AbortSignal): Promise<void> {
    if (entry.material.type !== 'ec2' && entry.material.type !== 'key-pair') return;
    const mine = this.#turn.then(async () => {
      const access = accessOf(all());
      if (access === undefined) return;
      for (const pair of all()) {
        if (pair.material.type !== 'key-pair' || this.#registered.has(pair)) continue;
        // An account is to blame for every pair, a pair for itself only.
        if (entry.material.type !== 'ec2' && pair !== entry) continue;
        await this.#register(pair, access, signal);
        this.#registered.add(pair);
      }
    });
    this.#turn = mine.catch(() => {});
    await mine;
  }

  /** @throws LatchkeyError `session/context-unusable` for a pair without an account */
  requireAll(entries: readonly Entry[]): void {
    const pair = entries.find(({ material }) => material.type === 'key-pair');
    if (pair === undefined || accessOf(entries) !== undefined) return;
    const message = `the context ${pair.name} needs an EC2 context, and there is none`;
    throw new LatchkeyError('session/context-unusable', message, {
      hint: "add one, before or after it: new Context('EC2', { user_id, user_key })",
    });
  }

  async #register({ name: context, material }: Entry, access: Ec2Access, signal: AbortSignal): Promise<void> {
    if (material.type !== 'key-pair') return;
    const { name, key } = material;
    const client = createEc2Client(access, this.#options);
    try {
      const publicKey = key && formatSshPublicKey({ ...key.publicKey, comment: '' });
      const { isCompared } = await ensureKeyPair(client, { name, publicKey }, { signal });
      if (key === undefined || isCompared) return;
      // A key that AWS made is listed with a digest of its private half, which only we can compare.
      const [registered] = await client.describeKeyPairs([name], { signal });
      checkMadeThere(name, key, registered?.fingerprint);
    } catch (cause) {
      signal.throwIfAborted();
      if (!(cause instanceof LatchkeyError)) throw cause;
      throw new LatchkeyError(cause.code, `the context ${context} cannot be used: ${cause.message}`, {
        ...(cause.hint === undefined ? {} : { hint: cause.hint }),
        ...{ retryable: cause.retryable, cause, details: { ...cause.details, context } },
      });
    }
  }
}

function checkMadeThere(name: string, key: KeyMaterial, fingerprint: string | undefined): void {
  const isSha1 = fingerprint !== undefined && /^(?:[0-9a-f]{2}:){19}[0-9a-f]{2}$/.test(fingerprint);
  if (!isSha1 || key.awsFingerprints.includes(fingerprint)) return;
  throw new LatchkeyError('ec2/config', `another key is registered as ${quote(name)} in this region`, {
    hint: 'choose another name (token), or use the key that is registered',
  });
}

function accessOf(entries: readonly Entry[]): Ec2Access | undefined {
  for (const { material } of entries) if (material.type === 'ec2') return material.access;
  return undefined;
}
