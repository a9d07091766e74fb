/** A slot that is kept for somebody, or a place in the queue for one. Times are milliseconds since the epoch. */
export interface Ticket {
  /** Unguessable: who has it may use it. */
  readonly ticket: string;
  readonly user: string;
  readonly owner: string;
  /** A slot is kept for it until {@link expiresAt}. */
  isReady: boolean;
  /** A ready ticket is void from then on; a waiting one unless somebody asks for it before. */
  expiresAt: number;
}

/**
 * The tickets of a table, in the order in which they came. A ticket that has expired is gone at the next look, whoever looks:
 * its age is counted by the same clock that it was given out by.
 */
export class Tickets {
  readonly #tickets = new Map<string, Ticket>();

  /** All that have not expired at `now`. */
  at(now: number): readonly Ticket[] {
    for (const [key, { expiresAt }] of this.#tickets) if (expiresAt <= now) this.#tickets.delete(key);
    return [...this.#tickets.values()];
  }

  add(ticket: Ticket): void {
    this.#tickets.set(ticket.ticket, ticket);
  }

  get(key: string, now: number): Ticket | undefined {
    this.at(now);
    return this.#tickets.get(key);
  }

  delete(key: string): void {
    this.#tickets.delete(key);
  }
}
