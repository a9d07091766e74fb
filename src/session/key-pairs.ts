import type { Ec2Access } from '../ec2/index.ts';
import type { Clock } from '../kit/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import type { Entry } from './entry.ts';

/** Registers public keys of EC2_KEYPAIR contexts, in whatever order the contexts come. */
export class KeyPairs {
  readonly #options: { readonly clock: Clock };

  constructor(options: { readonly clock: Clock }) {
    this.#options = options;
  }

  /** Called for each context that was checked: when there are a pair and an account, the pair is registered. */
  async join(entry: Entry, all: readonly Entry[], signal: AbortSignal): Promise<void> {
    const access = accessOf(all);
    if (access === undefined) return;
    const pairs = entry.material.type === 'ec2' ? all : [entry];
    for (const pair of pairs)
      if (pair.material.type === 'key-pair') await this.#register(pair, access, signal);
  }

  /** @throws LatchkeyError `session/context-unusable` for a pair without an account */
  requireAll(entries: readonly Entry[]): void {
    const pair = entries.find(({ material }) => material.type === 'key-pair');
    if (pair === undefined || accessOf(entries) !== undefined) return;
    throw new LatchkeyError(
      'session/context-unusable',
      `the context ${pair.name} needs an EC2 context, and there is none`,
      {
        hint: "add one, before or after it: new Context('EC2', { user_id, user_key })",
      },
    );
  }

  async #register(_pair: Entry, _access: Ec2Access, _signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(0);
  }
}

function accessOf(entries: readonly Entry[]): Ec2Access | undefined {
  for (const { material } of entries) if (material.type === 'ec2') return material.access;
  return undefined;
}
