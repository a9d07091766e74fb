import { createHash, timingSafeEqual } from 'node:crypto';
import { LatchkeyError, quote, type Secret } from '../../kit/index.ts';
import { checkedEntry, checkedTags, NAME_SERVER_NAME, type RegistryEntry } from './entry.ts';
import { NamePattern } from './name-pattern.ts';

/** An entry as it is kept. */
export interface StoredEntry extends RegistryEntry {
  /** SHA-256 of the token of its owner, in base64url; without one anybody may change it, as in Pyro. */
  readonly ownerHash?: string;
  /** Milliseconds since 1970. */
  readonly registeredAt: number;
  readonly endsAt?: number;
}

/** At most one of them. */
export interface NameFilter {
  readonly prefix?: string;
  readonly pattern?: string;
  readonly allTags?: readonly string[];
  readonly anyTags?: readonly string[];
}

const MAX_ENTRIES = 10_000;
/** Characters of all names, URIs and tags: what is more fits in no answer to who lists them. */
const MAX_CHARACTERS = 16 << 20;

/** Names and what is registered under them. Time is an argument, milliseconds since 1970. */
export class RegistryTable {
  readonly #entries = new Map<string, StoredEntry>();
  /** What is known of the registry itself, and never changes. */
  readonly #own: StoredEntry;
  #characters = 0;

  constructor(own: { readonly uri: string; readonly tags: readonly string[] }) {
    this.#own = { name: NAME_SERVER_NAME, ...own, registeredAt: 0 };
  }

  /** Entries, with the registry's own. */
  count(now: number): number {
    this.expire(now);
    return this.#entries.size + 1;
  }

  /** @throws LatchkeyError `remote/name-unknown` */
  lookup(name: string, now: number): StoredEntry {
    const entry = name === NAME_SERVER_NAME ? this.#own : this.#living(name, now);
    if (entry === undefined) throw unknownName(name);
    return entry;
  }

  /** In the order of registration. @throws LatchkeyError `remote/name-invalid` for a pattern that is not understood */
  list(filter: NameFilter, now: number): readonly StoredEntry[] {
    this.expire(now);
    const takes = test(filter);
    return [this.#own, ...this.#entries.values()].filter(takes);
  }

  /**
   * Registers, or registers again what its owner has registered before, or what is the same anyway.
   *
   * @throws LatchkeyError `remote/name-taken`, `remote/name-invalid`, `remote/signature`
   */
  register(entry: RegistryEntry, owner: Secret | undefined, now: number): StoredEntry {
    const checked = checkedEntry(entry);
    const old = this.#living(entry.name, now);
    if (
      old !== undefined &&
      !isSame(old, checked, owner) &&
      !(old.ownerHash !== undefined && owns(old, owner))
    )
      throw nameTaken(old);
    if (old === undefined && this.#entries.size >= MAX_ENTRIES)
      throw new LatchkeyError('remote/name-invalid', `the registry is full: ${MAX_ENTRIES} names`, {
        retryable: true,
      });
    this.#checkRoom(checked);
    const stored: StoredEntry = {
      ...checked,
      registeredAt: now,
      ...(owner === undefined ? {} : { ownerHash: hashOf(owner) }),
      ...(checked.leaseSeconds === undefined ? {} : { endsAt: now + 1000 * checked.leaseSeconds }),
    };
    this.#put(stored);
    return stored;
  }

  /** A heartbeat. @throws LatchkeyError `remote/name-unknown`, `remote/not-owner` */
  renew(name: string, owner: Secret | undefined, now: number): StoredEntry {
    const old = this.#owned(name, owner, now);
    if (old.leaseSeconds === undefined) return old;
    const renewed = { ...old, endsAt: now + 1000 * old.leaseSeconds };
    this.#put(renewed);
    return renewed;
  }

  /** @throws LatchkeyError `remote/name-unknown`, `remote/not-owner`, `remote/name-invalid` */
  setTags(name: string, tags: readonly string[], owner: Secret | undefined, now: number): void {
    const old = this.#owned(name, owner, now);
    if (old.signature !== undefined)
      throw new LatchkeyError('remote/not-owner', `the tags of ${quote(name)} are signed`, {
        hint: 'register it again with the new tags',
      });
    const tagged = { ...old, tags: checkedTags(tags) };
    this.#checkRoom(tagged);
    this.#put(tagged);
  }

  /** @returns false when there is none, and for the registry itself. @throws LatchkeyError `remote/not-owner` */
  remove(name: string, owner: Secret | undefined, now: number): boolean {
    if (this.#living(name, now) === undefined) return false;
    this.#owned(name, owner, now);
    return this.#drop(name);
  }

  /** Removes what the filter takes and nobody owns. @returns how many */
  removeAll(filter: NameFilter, now: number): number {
    const names = this.list(filter, now).filter(
      (entry) => entry !== this.#own && entry.ownerHash === undefined,
    );
    for (const { name } of names) this.#drop(name);
    return names.length;
  }

  /** Drops what had no heartbeat in its time. @returns their names */
  expire(now: number): readonly string[] {
    const ended = [...this.#entries.values()].filter((entry) => hasEnded(entry, now)).map(({ name }) => name);
    for (const name of ended) this.#drop(name);
    return ended;
  }

  /** All entries but the registry's own, to be kept. */
  get entries(): readonly StoredEntry[] {
    return [...this.#entries.values()];
  }

  /** Takes up what was kept. Leases begin anew: their owners could send no heartbeat while the registry was away. */
  restore(entries: readonly StoredEntry[], now: number): void {
    for (const entry of entries.slice(0, MAX_ENTRIES)) {
      const { leaseSeconds } = entry;
      this.#put(leaseSeconds === undefined ? entry : { ...entry, endsAt: now + 1000 * leaseSeconds });
    }
  }

  #checkRoom(entry: RegistryEntry): void {
    if (this.#characters - this.#charactersAt(entry.name) + charactersOf(entry) <= MAX_CHARACTERS) return;
    throw new LatchkeyError('remote/name-invalid', `the registry is full: ${MAX_CHARACTERS} characters`, {
      retryable: true,
    });
  }

  #put(entry: StoredEntry): void {
    this.#characters += charactersOf(entry) - this.#charactersAt(entry.name);
    this.#entries.set(entry.name, entry);
  }

  #drop(name: string): boolean {
    this.#characters -= this.#charactersAt(name);
    return this.#entries.delete(name);
  }

  #charactersAt(name: string): number {
    const entry = this.#entries.get(name);
    return entry === undefined ? 0 : charactersOf(entry);
  }

  #living(name: string, now: number): StoredEntry | undefined {
    const entry = this.#entries.get(name);
    return entry === undefined || hasEnded(entry, now) ? undefined : entry;
  }

  #owned(name: string, owner: Secret | undefined, now: number): StoredEntry {
    const entry = this.lookup(name, now);
    if (entry === this.#own || !owns(entry, owner))
      throw new LatchkeyError('remote/not-owner', `${quote(name)} can be changed by who registered it only`, {
        hint: 'give the owner token that it was registered with',
      });
    return entry;
  }
}

function charactersOf({ name, uri, tags }: RegistryEntry): number {
  return tags.reduce((sum, tag) => sum + tag.length, name.length + uri.length);
}

function hasEnded(entry: StoredEntry, now: number): boolean {
  return entry.endsAt !== undefined && entry.endsAt <= now;
}

function owns(entry: StoredEntry, owner: Secret | undefined): boolean {
  if (entry.ownerHash === undefined) return true;
  if (owner === undefined) return false;
  const [expected, given] = [Buffer.from(entry.ownerHash), Buffer.from(hashOf(owner))];
  return expected.length === given.length && timingSafeEqual(expected, given);
}

function hashOf(owner: Secret): string {
  return createHash('sha256').update(owner.reveal()).digest('base64url');
}

function isSame(old: StoredEntry, entry: RegistryEntry, owner: Secret | undefined): boolean {
  return old.uri === entry.uri && owns(old, owner);
}

function test(filter: NameFilter): (entry: StoredEntry) => boolean {
  const { prefix, pattern, allTags, anyTags } = filter;
  if (prefix !== undefined) return ({ name }) => name.startsWith(prefix);
  if (pattern !== undefined) {
    const compiled = new NamePattern(pattern);
    return ({ name }) => compiled.matches(name);
  }
  if (allTags !== undefined) return ({ tags }) => allTags.every((tag) => tags.includes(tag));
  if (anyTags !== undefined) return ({ tags }) => anyTags.some((tag) => tags.includes(tag));
  return () => true;
}

function unknownName(name: string): LatchkeyError {
  return new LatchkeyError('remote/name-unknown', `unknown name: ${quote(name)}`, {
    hint: '"latchkey ns list" shows the names there are',
  });
}

function nameTaken(old: StoredEntry): LatchkeyError {
  return new LatchkeyError(
    'remote/name-taken',
    `name already registered: ${quote(old.name)} is ${quote(old.uri)}`,
    {
      hint: 'remove it first ("latchkey ns remove"), or register with the owner token of that entry',
    },
  );
}
