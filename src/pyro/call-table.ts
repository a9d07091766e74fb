/** Sequence numbers have 16 bits; zero is the handshake's. */
const LAST_SEQUENCE = 0xffff;

/** A call that waits for its answer. */
export interface WaitingCall {
  /** When it is given up, by the clock that {@link CallTable.expire} is asked with. */
  readonly deadline: number;
  /** True when nobody waits any more, but its answer must still be recognised. */
  isAbandoned: boolean;
}

/** The calls of one connection that wait for an answer, by sequence number. It has no clock of its own. */
export class CallTable<Call extends WaitingCall> {
  readonly #calls = new Map<number, Call>();
  #last = 0;

  /** Calls that wait, and those that are abandoned but not answered. */
  get size(): number {
    return this.#calls.size;
  }

  /** True when no number is free. */
  get isFull(): boolean {
    return this.#calls.size >= LAST_SEQUENCE;
  }

  /** @returns the number that the call has from now on; the table must not be full */
  add(call: Call): number {
    let sequence = this.#last;
    do sequence = sequence >= LAST_SEQUENCE ? 1 : sequence + 1;
    while (this.#calls.has(sequence));
    this.#last = sequence;
    this.#calls.set(sequence, call);
    return sequence;
  }

  /** A number for a call that gets no answer. */
  pass(): number {
    this.#last = this.#last >= LAST_SEQUENCE ? 1 : this.#last + 1;
    return this.#last;
  }

  /** The call that is answered; it is no longer in the table. */
  take(sequence: number): Call | undefined {
    const call = this.#calls.get(sequence);
    if (call !== undefined) this.#calls.delete(sequence);
    return call;
  }

  /** The calls whose time is over, with their numbers; they stay, as abandoned, until their answer comes. */
  expire(now: number): readonly (readonly [number, Call])[] {
    const expired: (readonly [number, Call])[] = [];
    for (const entry of this.#calls) {
      const call = entry[1];
      if (call.isAbandoned || call.deadline > now) continue;
      call.isAbandoned = true;
      expired.push(entry);
    }
    return expired;
  }

  /** The earliest deadline of those that wait; undefined when none does. */
  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const call of this.#calls.values())
      if (!call.isAbandoned && (next === undefined || call.deadline < next)) next = call.deadline;
    return next;
  }

  /** Empties the table. @returns those that waited */
  clear(): readonly Call[] {
    const waiting = [...this.#calls.values()].filter((call) => !call.isAbandoned);
    this.#calls.clear();
    return waiting;
  }
}
