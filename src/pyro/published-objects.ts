import { randomBytes } from 'node:crypto';
import type { Exposed } from './exposed.ts';

/** One object that can be called. */
interface Publication {
  readonly exposed: Exposed;
  /** Named by whoever published it: it is in the daemon's list, and stays. */
  readonly isNamed: boolean;
  /** Connections that were given a reference to it. */
  readonly holders: Set<object>;
  lastUse: number;
}

/**
 * The objects of a server by their names. Those published by hand stay until they are withdrawn; those that a method passed by reference
 * stay while a connection that got one is open, and a while longer. It has no clock of its own.
 */
export class PublishedObjects {
  readonly #byName = new Map<string, Publication>();
  readonly #names = new Map<Exposed, string>();
  readonly #lingerMs: number;
  readonly #maxReferences: number;
  #references = 0;

  constructor(lingerMs: number, maxReferences: number) {
    this.#lingerMs = lingerMs;
    this.#maxReferences = maxReferences;
  }

  /** Names published by hand. */
  get listed(): readonly string[] {
    return [...this.#byName].filter(([, { isNamed }]) => isNamed).map(([name]) => name);
  }

  get size(): number {
    return this.#byName.size;
  }

  find(name: string): Exposed | undefined {
    return this.#byName.get(name)?.exposed;
  }

  /** Undefined when the name is another object's. */
  publish(exposed: Exposed, name: string | undefined, now: number): string | undefined {
    const chosen = name ?? this.#names.get(exposed) ?? randomName();
    const known = this.#byName.get(chosen);
    if (known !== undefined && known.exposed !== exposed) return undefined;
    if (known !== undefined && !known.isNamed) this.#references -= 1;
    this.#byName.set(chosen, { exposed, isNamed: true, holders: new Set(), lastUse: now });
    if (!this.#names.has(exposed)) this.#names.set(exposed, chosen);
    return chosen;
  }

  /** The name under which a connection may call an object that is passed to it; undefined when there are too many already. */
  refer(exposed: Exposed, holder: object, now: number): string | undefined {
    let name = this.#names.get(exposed);
    if (name === undefined) {
      if (this.#references >= this.#maxReferences) return undefined;
      name = randomName();
      this.#references += 1;
      this.#names.set(exposed, name);
      this.#byName.set(name, { exposed, isNamed: false, holders: new Set(), lastUse: now });
    }
    this.hold(name, holder);
    return name;
  }

  /** A connection has begun to use an object. */
  hold(name: string, holder: object): void {
    const publication = this.#byName.get(name);
    if (publication !== undefined && !publication.isNamed) publication.holders.add(holder);
  }

  /** A connection has ended. */
  release(holder: object, now: number): void {
    if (this.#references === 0) return;
    for (const publication of this.#byName.values())
      if (publication.holders.delete(holder)) publication.lastUse = now;
  }

  withdraw(name: string): boolean {
    const publication = this.#byName.get(name);
    if (publication === undefined) return false;
    this.#byName.delete(name);
    if (!publication.isNamed) this.#references -= 1;
    if (this.#names.get(publication.exposed) === name) this.#names.delete(publication.exposed);
    return true;
  }

  /** Withdraws what was passed by reference and nobody holds any more. */
  sweep(now: number): void {
    if (this.#references === 0) return;
    for (const [name, { isNamed, holders, lastUse }] of this.#byName)
      if (!isNamed && holders.size === 0 && now - lastUse > this.#lingerMs) this.withdraw(name);
  }
}

/** As Pyro makes them; nobody can guess one. */
function randomName(): string {
  return `obj_${randomBytes(16).toString('hex')}`;
}
