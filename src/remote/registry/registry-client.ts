import { isLatchkeyError, LatchkeyError, quote, type Secret } from '../../kit/index.ts';
import {
  type ConnectOptions,
  connectObject,
  formatLocation,
  formatPyroUri,
  type PyroLocation,
  type PyroValue,
  RemoteError,
  type RemoteObject,
  uriOfValue,
} from '../../pyro/index.ts';
import { NAME_SERVER_NAME, type RegistryEntry } from './entry.ts';
import { verifyEntry } from './entry-signature.ts';
import { type EntryOnWire, entryOfWire, registrationToWire } from './entry-wire.ts';
import type { NameFilter } from './registry-table.ts';

export interface RegistryClientOptions extends ConnectOptions {
  /** Public keys of hosts (32 bytes in base64url): entries that none of them signed are refused. Default: any, signed or not. */
  readonly trustedKeys?: readonly string[];
}

/** A registry, or a Pyro name server of either version. */
export class RegistryClient {
  readonly #object: RemoteObject;
  readonly #trustedKeys: readonly string[] | undefined;

  /** @throws LatchkeyError as `connectObject` does */
  static async connect(location: PyroLocation, options: RegistryClientOptions = {}): Promise<RegistryClient> {
    const object = await connectObject(`PYRO:${NAME_SERVER_NAME}@${formatLocation(location)}`, options);
    return new RegistryClient(object, options.trustedKeys);
  }

  private constructor(object: RemoteObject, trustedKeys: readonly string[] | undefined) {
    this.#object = object;
    this.#trustedKeys = trustedKeys;
  }

  /** True for a registry of ours: leases, owners and signatures are kept there. A name server of Pyro knows of none. */
  get isOurs(): boolean {
    return this.#object.methods.includes('register_entry');
  }

  async ping(): Promise<void> {
    await this.#ask('ping');
  }

  /** How many names there are, with the registry's own. */
  async count(): Promise<number> {
    return Number(await this.#ask('count'));
  }

  /** @throws LatchkeyError `remote/name-unknown`, `remote/signature` */
  async lookup(name: string): Promise<EntryOnWire> {
    if (this.isOurs) {
      const [entry] = await this.#entries(this.#ask('details', { name }), name);
      if (entry !== undefined) return entry;
      throw unexpected('details');
    }
    const answer = await this.#ask('lookup', { name, return_metadata: true });
    const [where, tags] = Array.isArray(answer) ? (answer as readonly PyroValue[]) : [];
    const uri = where === undefined ? undefined : uriOfValue(where);
    if (uri === undefined) throw unexpected('lookup');
    return this.#checked({ name, uri: formatPyroUri(uri), tags: textsOf(tags), isOwned: false });
  }

  /** What the filter takes, the registry's own entry with it. @throws LatchkeyError `remote/signature` for a signature that is false */
  async list(filter: NameFilter = {}): Promise<readonly EntryOnWire[]> {
    const asked = wireFilter(filter);
    if (this.isOurs) return this.#entries(this.#ask('details', asked));
    const { metadata_all: all, metadata_any: any, ...names } = asked;
    const hasTags = all !== undefined || any !== undefined;
    const isFive = this.#object.methods.includes('yplookup');
    const answer =
      hasTags && isFive
        ? await this.#ask('yplookup', {
            ...(all ? { meta_all: all } : { meta_any: any }),
            return_metadata: true,
          })
        : await this.#ask('list', { ...(isFive ? names : asked), return_metadata: true });
    return entriesOfMap(answer);
  }

  /**
   * Registers a name; a name that is taken stays as it is.
   *
   * @param owner with it, only who knows it can change the entry. It crosses the wire: use a key, a tunnel or a Unix socket
   * @throws LatchkeyError `remote/name-taken`, `remote/name-invalid`, `remote/signature`
   */
  async register(entry: RegistryEntry, owner?: Secret): Promise<void> {
    if (this.isOurs) {
      await this.#ask('register_entry', { entry: registrationToWire(entry), ...ownerText(owner) });
      return;
    }
    const { name, uri, tags } = entry;
    try {
      await this.#ask('register', { name, uri, safe: true, metadata: [...tags] });
    } catch (error) {
      // A name server of Pyro takes the same again for a conflict.
      if (!isLatchkeyError(error, 'remote/name-taken') || (await this.lookup(name)).uri !== uri) throw error;
      await this.setTags(name, tags);
    }
  }

  /** A heartbeat. With a name server of Pyro it only asks whether the name is there. @throws LatchkeyError `remote/name-unknown`, `remote/not-owner` */
  async renew(name: string, owner?: Secret): Promise<void> {
    if (this.isOurs) await this.#ask('renew', { name, ...ownerText(owner) });
    else await this.#ask('lookup', { name });
  }

  /** @throws LatchkeyError `remote/name-unknown`, `remote/not-owner` */
  async setTags(name: string, tags: readonly string[], owner?: Secret): Promise<void> {
    if (this.isOurs) await this.#ask('set_tags', { name, tags: [...tags], ...ownerText(owner) });
    else await this.#ask('set_metadata', { name, metadata: [...tags] });
  }

  /** @returns false when there was none. @throws LatchkeyError `remote/not-owner` */
  async remove(name: string, owner?: Secret): Promise<boolean> {
    if (this.isOurs) return (await this.#ask('remove_entry', { name, ...ownerText(owner) })) === true;
    return Number(await this.#ask('remove', { name })) > 0;
  }

  async close(): Promise<void> {
    await this.#object.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #ask(method: string, kwargs: { readonly [name: string]: unknown } = {}): Promise<PyroValue> {
    try {
      return await this.#object.call(method, [], { kwargs });
    } catch (error) {
      throw error instanceof RemoteError ? (namingError(error) ?? error) : error;
    }
  }

  async #entries(answer: Promise<PyroValue>, name?: string): Promise<readonly EntryOnWire[]> {
    const list = await answer;
    if (!Array.isArray(list)) throw unexpected('details');
    return (list as readonly PyroValue[]).map((item) => {
      const entry = entryOfWire(item);
      if (entry === undefined || (name !== undefined && entry.name !== name)) throw unexpected('details');
      return name === undefined ? notForged(entry) : this.#checked(entry);
    });
  }

  #checked(entry: EntryOnWire): EntryOnWire {
    notForged(entry);
    if (this.#trustedKeys === undefined) return entry;
    if (entry.signature !== undefined && this.#trustedKeys.includes(entry.signature.key)) return entry;
    throw new LatchkeyError(
      'remote/signature',
      `the entry ${quote(entry.name)} is ${entry.signature === undefined ? 'not signed' : 'signed by a host that is not trusted'}`,
      { hint: 'ask who runs that host for its key', details: { signedBy: entry.signature?.key } },
    );
  }
}

function notForged(entry: EntryOnWire): EntryOnWire {
  if (entry.signature === undefined || verifyEntry(entry)) return entry;
  throw new LatchkeyError('remote/signature', `the entry ${quote(entry.name)} is not as it was signed`, {
    hint: 'the registry, or somebody on the way, has changed it',
  });
}

function wireFilter(filter: NameFilter): { readonly [name: string]: unknown } {
  const { prefix, pattern, allTags, anyTags } = filter;
  return {
    ...(prefix === undefined ? {} : { prefix }),
    ...(pattern === undefined ? {} : { regex: pattern }),
    ...(allTags === undefined ? {} : { metadata_all: [...allTags] }),
    ...(anyTags === undefined ? {} : { metadata_any: [...anyTags] }),
  };
}

function ownerText(owner: Secret | undefined): { readonly owner?: string } {
  return owner === undefined ? {} : { owner: owner.revealText() };
}

function entriesOfMap(answer: PyroValue): readonly EntryOnWire[] {
  if (typeof answer !== 'object' || answer === null) throw unexpected('list');
  const pairs = answer instanceof Map ? [...answer] : Object.entries(answer as object);
  return pairs.map(([name, value]: [unknown, PyroValue]) => {
    const [uri, tags] = Array.isArray(value) ? (value as readonly PyroValue[]) : [];
    if (typeof name !== 'string' || typeof uri !== 'string') throw unexpected('list');
    return { name, uri, tags: textsOf(tags), isOwned: false };
  });
}

function textsOf(value: PyroValue | undefined): readonly string[] {
  if (!Array.isArray(value) && !(value instanceof Set)) return [];
  return [...(value as Iterable<PyroValue>)].filter((item) => typeof item === 'string').sort();
}

const CODES = [
  'remote/name-unknown',
  'remote/name-taken',
  'remote/name-invalid',
  'remote/not-owner',
  'remote/signature',
] as const;

/** What a name server's exception means here. */
function namingError(error: RemoteError): LatchkeyError | undefined {
  if (error.shortType !== 'NamingError') return undefined;
  const message = String(error.args[0] ?? '');
  const { code, hint } = error.attributes;
  const known =
    CODES.find((candidate) => candidate === code) ??
    (message.startsWith('unknown name')
      ? 'remote/name-unknown'
      : message.startsWith('name already registered')
        ? 'remote/name-taken'
        : undefined);
  if (known === undefined) return undefined;
  return new LatchkeyError(known, error.message.replace(/^NamingError: /, ''), {
    cause: error,
    ...(typeof hint === 'string' ? { hint } : {}),
  });
}

function unexpected(method: string): LatchkeyError {
  return new LatchkeyError('pyro/malformed', `the name server's answer to "${method}" is not understood`);
}
