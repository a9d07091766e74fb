import type { LatchkeyError } from '../kit/index.ts';
import { byJob, type Told } from './judge.ts';
import { asSchedulerError } from './scheduler-failure.ts';
import { runCommand, type Workplace } from './workplace.ts';

/** What a round brought: what the scheduler said of the jobs that were asked after, or why it said nothing. */
export type RoundAnswer =
  | {
      readonly asked: ReadonlySet<string>;
      /** Of a job that it does not know there is nothing. */
      readonly told: ReadonlyMap<string, Told>;
    }
  | { readonly error: LatchkeyError };

/** Somebody with jobs of one scheduler. */
export interface DeskMember {
  /** The scheduler's ids of what is to be asked after. */
  natives(): readonly string[];
  place(): Promise<Workplace>;
  /** Hears every round, also those that others asked for; never rejects. */
  hear(answer: RoundAnswer): Promise<void>;
}

const IDS_AT_ONCE = 1000;

/**
 * Where all who follow jobs of one scheduler over one connection ask: one query serves them all, however many services they
 * belong to, and who asked least hears as much as who asked most.
 */
export class StatusDesk {
  readonly #members = new Set<DeskMember>();
  #round: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  readonly #waiting: DeskMember[] = [];

  join(member: DeskMember): void {
    this.#members.add(member);
  }

  leave(member: DeskMember): void {
    this.#members.delete(member);
  }

  /** Asks after the jobs of all; a question that is under way may be older than what `member` wants to know. */
  ask(member: DeskMember): Promise<void> {
    if (this.#round === undefined) return this.#begin(member);
    this.#waiting.push(member);
    this.#next ??= this.#round.then(() => {
      this.#next = undefined;
      // Who has left has no connection to ask over.
      const asker = this.#waiting.splice(0).find((one) => this.#members.has(one));
      return asker === undefined ? undefined : this.#begin(asker);
    });
    return this.#next;
  }

  #begin(asker: DeskMember): Promise<void> {
    this.#round = this.#ask(asker).finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #ask(asker: DeskMember): Promise<void> {
    const members = [...this.#members];
    const asked = new Set(members.flatMap((member) => member.natives()));
    if (asked.size === 0) return;
    const answer = await answerOf(asker, asked);
    // Its connection may have gone with it: that says nothing of the scheduler.
    if ('error' in answer && !this.#members.has(asker)) return;
    const isThere = (member: DeskMember) => this.#members.has(member);
    await Promise.all(members.filter(isThere).map((member) => member.hear(answer)));
  }
}

async function answerOf(asker: DeskMember, asked: ReadonlySet<string>): Promise<RoundAnswer> {
  try {
    const place = await asker.place();
    const { system } = place;
    const ids = [...asked];
    const told = new Map<string, Told>();
    for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
      const command = system.query(ids.slice(at, at + IDS_AT_ONCE));
      for (const [id, one] of byJob(system.parseQuery(await runCommand(place, command)))) told.set(id, one);
    }
    return { asked, told };
  } catch (cause) {
    return { error: asSchedulerError(cause) };
  }
}

/** Those of this machine have no connection in common. */
const HERE = {};
const DESKS = new WeakMap<object, Map<string, StatusDesk>>();

/**
 * The desk of a scheduler over a connection. It is what the process has in common by nature, as the scheduler that is asked is: who
 * has the same connection has the same credentials.
 *
 * @param connection `undefined` for this machine
 * @param scheduler its name, and what else tells it from others there
 */
export function deskOf(connection: object | undefined, scheduler: string): StatusDesk {
  const key = connection ?? HERE;
  const desks = DESKS.get(key) ?? new Map<string, StatusDesk>();
  DESKS.set(key, desks);
  const desk = desks.get(scheduler) ?? new StatusDesk();
  desks.set(scheduler, desk);
  return desk;
}
