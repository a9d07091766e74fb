import type { LatchkeyError } from '../../kit/index.ts';
import type { Forward, ForwardEnd } from '../../ssh/index.ts';
import { type LinkState, worstOf } from './link-state.ts';
import type { Place } from './place.ts';
import type { Route } from './route.ts';

/** A way from an observer to a place, kept until it is closed, also over losses of the connections that carry it. */
export interface Link {
  readonly id: number;
  /** The machine from which connections come. */
  readonly observer: string;
  readonly place: Place;
  readonly route: Route;
  /** What the observer connects to, as the observer names it. */
  readonly end: ForwardEnd;
  readonly state: LinkState;
  readonly cause: LatchkeyError | undefined;
  readonly since: Date;
  /** When a connection was last seen to arrive; absent = nobody has looked, or none has. */
  readonly provenAt: Date | undefined;
  /** The forwards that carry it, in the order in which a connection passes them. */
  readonly forwards: readonly Forward[];
  /** True when other accounts of the observer's machine can connect to `end`, too: what listens must ask who comes. */
  readonly isShared: boolean;
  /** Calls back at each change; returns what ends that. */
  subscribe(listener: (link: Link) => void): () => void;
  /** Looks again whether connections arrive. */
  prove(): Promise<LinkState>;
  /** Gives this holder's share back; with the last one the way is taken down. Idempotent. */
  close(): Promise<void>;
}

/** What a way is made of. */
export interface LinkParts {
  readonly id: number;
  readonly observer: string;
  readonly place: Place;
  readonly route: Route;
  readonly end: ForwardEnd;
  readonly forwards: readonly Forward[];
  readonly isShared: boolean;
}

/** One way, shared by all who asked for it. */
export class Way {
  readonly parts: LinkParts;
  #state: LinkState;
  #since: Date;
  #provenAt: Date | undefined;
  readonly #now: () => Date;
  readonly #listeners = new Set<() => void>();
  readonly #watching: (() => void)[];

  constructor(parts: LinkParts, now: () => Date) {
    this.parts = parts;
    this.#now = now;
    this.#since = now();
    this.#state = worstOf(parts.forwards).state;
    this.#proven();
    this.#watching = parts.forwards.map((forward) => forward.subscribe(() => this.#changed()));
  }

  get state(): LinkState {
    return this.#state;
  }

  get since(): Date {
    return this.#since;
  }

  get provenAt(): Date | undefined {
    return this.#provenAt;
  }

  get cause(): LatchkeyError | undefined {
    return this.#state === 'closed' ? undefined : worstOf(this.parts.forwards).cause;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async prove(): Promise<LinkState> {
    await Promise.all(this.parts.forwards.map((forward) => forward.prove()));
    this.#changed();
    this.#proven();
    this.#tell();
    return this.#state;
  }

  end(): void {
    for (const stop of this.#watching) stop();
    this.#enter('closed');
    this.#listeners.clear();
  }

  #changed(): void {
    if (this.#state !== 'closed') this.#enter(worstOf(this.parts.forwards).state);
  }

  #enter(state: LinkState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#since = this.#now();
    this.#proven();
    this.#tell();
  }

  /** A way without forwards stands by itself: nothing is asked there. */
  #proven(): void {
    if (this.#state === 'proven' && this.parts.forwards.length > 0) this.#provenAt = this.#now();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** One holder's share of a way. */
export function shareOf(way: Way, giveBack: () => Promise<void>): Link {
  let closing: Promise<void> | undefined;
  const link: Link = {
    ...way.parts,
    get state() {
      return closing === undefined ? way.state : 'closed';
    },
    get cause() {
      return way.cause;
    },
    get since() {
      return way.since;
    },
    get provenAt() {
      return way.provenAt;
    },
    subscribe: (listener) => way.subscribe(() => listener(link)),
    prove: () => (closing === undefined ? way.prove() : Promise.resolve('closed')),
    close: () => {
      closing ??= giveBack();
      return closing;
    },
  };
  return link;
}
