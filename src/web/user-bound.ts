import type { LoginRequest } from '../credmon/index.ts';
import { type Clock, LruCache } from '../kit/index.ts';

/** What is on its way for a local user. */
interface OfUser {
  readonly request: Pick<LoginRequest, 'localUser'>;
}

/**
 * A bounded map in which each local user has so many entries at most: whoever holds the link of one submission can begin
 * logins without end, and they end his own, not those of others.
 */
export class UserBoundCache<Value extends OfUser> extends LruCache<string, Value> {
  readonly #ids = new Map<string, Set<string>>();
  readonly #maxPerUser: number;
  readonly #onDropped: (value: Value) => void;

  /** @param onForgotten as {@link LruCache} has it, for what is too much of one user's too */
  constructor(
    bounds: { readonly entries: number; readonly perUser: number; readonly lifetimeMs: number },
    clock: Clock,
    onForgotten: (value: Value) => void = () => {},
  ) {
    super(bounds.entries, bounds.lifetimeMs, clock, onForgotten);
    this.#maxPerUser = bounds.perUser;
    this.#onDropped = onForgotten;
  }

  override set(id: string, value: Value): void {
    super.set(id, value);
    const { localUser } = value.request;
    const ids = this.#ids.get(localUser) ?? new Set<string>();
    this.#ids.set(localUser, ids.add(id));
    if (ids.size <= this.#maxPerUser) return;
    // Most are gone by themselves.
    for (const known of ids) if (super.get(known) === undefined) ids.delete(known);
    for (const oldest of ids) {
      if (ids.size <= this.#maxPerUser) return;
      const dropped = super.get(oldest);
      super.delete(oldest);
      ids.delete(oldest);
      if (dropped !== undefined) this.#onDropped(dropped);
    }
  }

  override prune(): void {
    super.prune();
    if (this.size === 0) this.#ids.clear();
  }
}
