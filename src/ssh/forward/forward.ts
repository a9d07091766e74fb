import { LatchkeyError } from '../../kit/index.ts';
import { describeForward, type ForwardSpec, muxForward } from './spec.ts';

/**
 * `requested`: asked for, no answer yet. `listening`: it listens; nothing is known of what is behind it. `proven`: connections come
 * through to the target. `degraded`: it listens, but they do not (see `cause`). `lost`: it does not listen, and is made again with the
 * connection. `closed`: taken back, for good.
 */
export type ForwardState = 'requested' | 'listening' | 'proven' | 'degraded' | 'lost' | 'closed';

/** One forward of a connection. It outlives the connection's losses. */
export interface Forward {
  readonly id: number;
  /** As it is now: with the port that was found for 0. */
  readonly spec: ForwardSpec;
  readonly description: string;
  readonly state: ForwardState;
  readonly since: Date;
  /** Why it is degraded or lost. */
  readonly cause: LatchkeyError | undefined;
  /** Calls back at each change; returns what ends that. */
  subscribe(listener: (forward: Forward) => void): () => void;
  /** Looks again whether connections come through. Never rejects for that: the state tells. */
  prove(): Promise<ForwardState>;
  /** Takes it back and makes sure that nobody listens any more; idempotent. @throws LatchkeyError `ssh/forward` when somebody does */
  close(): Promise<void>;
}

/** What a forward asks of the set that it belongs to. */
export interface ForwardKeeper {
  prove(forward: ManagedForward): Promise<void>;
  close(forward: ManagedForward): Promise<void>;
  now(): Date;
}

/** A forward, and how its state changes. */
export class ManagedForward implements Forward {
  readonly id: number;
  spec: ForwardSpec;
  state: ForwardState = 'requested';
  since: Date;
  cause: LatchkeyError | undefined;
  /** What the master was asked for, as it must be named again to take it back. */
  asked: ForwardSpec | undefined;
  /** Equal for two requests that the master would take for one. */
  requestKey: string;
  readonly wantsProof: boolean;
  readonly #keeper: ForwardKeeper;
  readonly #listeners = new Set<(forward: Forward) => void>();
  #closing: Promise<void> | undefined;

  constructor(id: number, spec: ForwardSpec, wantsProof: boolean, keeper: ForwardKeeper) {
    this.id = id;
    this.spec = spec;
    this.wantsProof = wantsProof;
    this.#keeper = keeper;
    this.since = keeper.now();
    this.requestKey = requestKey(spec);
  }

  get description(): string {
    return describeForward(this.spec);
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** The master has taken this request. */
  wasAsked(asked: ForwardSpec): void {
    this.asked = asked;
    this.requestKey = requestKey(asked);
  }

  subscribe(listener: (forward: Forward) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async prove(): Promise<ForwardState> {
    if (this.state !== 'lost' && this.state !== 'closed' && this.state !== 'requested')
      await this.#keeper.prove(this);
    return this.state;
  }

  close(): Promise<void> {
    this.#closing ??= this.#keeper.close(this);
    return this.#closing;
  }

  enter(state: ForwardState, cause?: LatchkeyError): void {
    if (this.state === 'closed') return;
    this.state = state;
    this.cause = cause;
    this.since = this.#keeper.now();
    for (const listener of [...this.#listeners]) listener(this);
  }
}

function requestKey(spec: ForwardSpec): string {
  return JSON.stringify(muxForward(spec));
}

/** Why a forward does not work. */
export function forwardError(
  forward: { readonly description: string },
  reason: string,
  what: string,
  more: { hint?: string; retryable?: boolean; cause?: unknown } = {},
): LatchkeyError {
  return new LatchkeyError('ssh/forward', `${forward.description}: ${what}`, {
    ...more,
    details: { reason },
  });
}
