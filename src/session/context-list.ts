import type { Context } from './context.ts';
import type { ContextStore } from './context-store.ts';

/**
 * The contexts of a session: those that were added, in their order, then the user's own where the session has found them. Everything
 * that is added is copied and checked. `append` and `insert` give a promise of the session's copy; a context that fails is not in the
 * list, and **every later use of the session fails with the same error** until the context is removed, so that nothing goes wrong in
 * silence where nobody waits for the promise. (`session.addContext` fails once and leaves no trace.)
 */
export class ContextList implements Iterable<Context> {
  readonly #store: ContextStore;

  constructor(store: ContextStore) {
    this.#store = store;
  }

  get length(): number {
    return this.#store.contexts().length;
  }

  /** Negative indices count from the end. */
  at(index: number): Context | undefined {
    return this.#store.contexts().at(index);
  }

  /** @throws LatchkeyError (by rejection) what is wrong with it; TypeError at once for anything but a context */
  append(context: Context): Promise<Context> {
    return this.#keep(context, undefined);
  }

  /** Adds it before the context that is at `index` now, as an array's `splice` counts. @throws as {@link append} */
  insert(index: number, context: Context): Promise<Context> {
    return this.#keep(context, index);
  }

  /** Takes it away, and puts away what was made for it. @returns false when it is not there */
  async remove(context: Context): Promise<boolean> {
    return await this.#store.remove(context);
  }

  [Symbol.iterator](): Iterator<Context> {
    return this.#store.contexts()[Symbol.iterator]();
  }

  #keep(context: Context, index: number | undefined): Promise<Context> {
    const adding = this.#store.add(context, index);
    this.#store.keepFailure(adding, context);
    return adding;
  }
}
