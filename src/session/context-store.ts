import { LatchkeyError } from '../kit/index.ts';
import { checkContext, scopeOf } from './check-context.ts';
import { type Context, copyContext, recordOf } from './context.ts';
import { findDefaults, type SkippedDefault } from './default-contexts.ts';
import type { Entry } from './entry.ts';
import type { Surroundings } from './surroundings.ts';

/** A context that was added: being checked, or checked. */
interface Slot {
  readonly name: string;
  readonly context: Context;
  entry: Entry | undefined;
}

/** What the store may be told. */
export interface StoreOptions {
  readonly hasDefaults: boolean;
  readonly where: Surroundings;
  /** Called when a context was checked, before it counts as added; what it throws is the context's failure. */
  readonly onChecked: (entry: Entry, all: () => readonly Entry[], signal: AbortSignal) => Promise<void>;
}

/** The contexts of one session: those that were added in their order, being checked or checked, and the user's own. */
export class ContextStore {
  readonly #options: StoreOptions;
  readonly #slots: Slot[] = [];
  /** By what the caller holds: his own object, or the session's copy. */
  readonly #known = new WeakMap<object, Slot>();
  readonly #pending = new Set<Promise<unknown>>();
  /** Failures that nobody may have heard of. */
  readonly #failures = new Map<Context, { readonly copy: Context; readonly error: unknown }>();
  readonly #counts = new Map<string, number>();
  readonly #ended = new AbortController();
  #finding: Promise<void> | undefined;
  #defaults: readonly Entry[] = [];
  #skipped: readonly SkippedDefault[] = [];

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  get skippedDefaults(): readonly SkippedDefault[] {
    return this.#skipped;
  }

  /** Those that were added, then the user's own as far as they have been found. */
  contexts(): readonly Context[] {
    return [...this.#slots, ...this.#defaults].map(({ context }) => context);
  }

  /** Those that are checked. */
  entries(): readonly Entry[] {
    return [...this.#slots.flatMap(({ entry }) => entry ?? []), ...this.#defaults];
  }

  /** Waits for every check and for the search, and tells what has failed. @throws LatchkeyError `session/closed` */
  async settled(): Promise<void> {
    this.checkOpen();
    this.#finding ??= this.#options.hasDefaults ? this.#findDefaults() : Promise.resolve();
    await this.#finding;
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    this.checkOpen();
    const [failure] = this.#failures.values();
    if (failure !== undefined) throw failure.error;
  }

  /** Adds and checks; the place in the list is taken at once. */
  add(context: Context, index?: number, signal?: AbortSignal): Promise<Context> {
    this.checkOpen();
    const { kind } = recordOf(context);
    const number = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, number);
    const slot: Slot = { name: `${kind} ${number}`, context: copyContext(context), entry: undefined };
    this.#slots.splice(index ?? this.#slots.length, 0, slot);
    this.#known.set(slot.context, slot).set(context, slot);
    const adding = this.#check(slot, signal);
    this.#pending.add(adding);
    const done = () => this.#pending.delete(adding);
    adding.then(done, done);
    return adding;
  }

  /** Remembers a failure for every later use. */
  keepFailure(adding: Promise<Context>, context: Context): void {
    const slot = this.#known.get(context);
    adding.catch((error) => {
      if (!this.#ended.signal.aborted) this.#failures.set(context, { copy: slot?.context ?? context, error });
    });
  }

  async remove(context: Context): Promise<boolean> {
    this.checkOpen();
    recordOf(context);
    for (const [original, { copy }] of this.#failures) {
      if (context === original || context === copy) return this.#failures.delete(original);
    }
    const own = this.#defaults.find((entry) => entry.context === context);
    if (own !== undefined) {
      this.#defaults = this.#defaults.filter((entry) => entry !== own);
      await own.release?.();
      return true;
    }
    const slot = this.#known.get(context);
    if (slot === undefined || !this.#drop(slot)) return false;
    await slot.entry?.release?.();
    return true;
  }

  /** @throws LatchkeyError `session/context-unusable` for a context that is not in the session, or not checked yet */
  entryOf(context: Context): Entry {
    this.checkOpen();
    recordOf(context);
    const own = this.#defaults.find((entry) => entry.context === context);
    const slot = this.#known.get(context);
    const entry = own ?? (slot !== undefined && this.#slots.includes(slot) ? slot.entry : undefined);
    if (entry !== undefined) return entry;
    throw new LatchkeyError(
      'session/context-unusable',
      `the ${context.type} context is not one of this session`,
      {
        hint: 'add it first, and wait for that: await session.addContext(context)',
      },
    );
  }

  checkOpen(): void {
    if (this.#ended.signal.aborted) throw closed();
  }

  /** Ends checks that run, and puts away what was made. */
  async close(): Promise<void> {
    this.#ended.abort(closed());
    await Promise.allSettled([this.#finding, ...this.#pending]);
    await Promise.allSettled(this.entries().map((entry) => entry.release?.()));
    this.#slots.length = 0;
    this.#defaults = [];
    this.#failures.clear();
  }

  async #check(slot: Slot, signal: AbortSignal | undefined): Promise<Context> {
    const { name, context } = slot;
    const stop = signal === undefined ? this.#ended.signal : AbortSignal.any([signal, this.#ended.signal]);
    try {
      const checked = await checkContext(context, name, this.#options.where, stop);
      const entry: Entry = {
        ...{ ...checked, name, context, kind: context.type, scope: scopeOf(context), isDefault: false },
      };
      // It was removed meanwhile: nobody else will put its things away.
      if (!this.#slots.includes(slot)) await entry.release?.();
      else slot.entry = entry;
      try {
        stop.throwIfAborted();
        await this.#options.onChecked(entry, () => this.entries(), stop);
      } catch (error) {
        slot.entry = undefined;
        await entry.release?.();
        throw error;
      }
      return context;
    } catch (error) {
      this.#drop(slot);
      throw error;
    }
  }

  #drop(slot: Slot): boolean {
    const index = this.#slots.indexOf(slot);
    if (index >= 0) this.#slots.splice(index, 1);
    return index >= 0;
  }

  async #findDefaults(): Promise<void> {
    const { entries, skipped } = await findDefaults(this.#options.where, this.#ended.signal);
    this.#defaults = entries;
    this.#skipped = skipped;
  }
}

function closed(): LatchkeyError {
  return new LatchkeyError('session/closed', 'the session is closed');
}
