import { isLatchkeyError, Secret } from '../../kit/index.ts';
import {
  Exposed,
  type ExposedMethod,
  formatPyroUri,
  PassedUri,
  type PyroDict,
  type PyroValue,
  parsePyroUri,
  pythonException,
  uriOfValue,
} from '../../pyro/index.ts';
import { entryOfWire, entryToWire } from './entry-wire.ts';
import type { NameFilter, RegistryTable, StoredEntry } from './registry-table.ts';

/** What surrounds the object. */
export interface NameServerGround {
  readonly table: RegistryTable;
  readonly now: () => number;
  /** Resolves when a change is kept. */
  readonly changed: () => Promise<void>;
}

/**
 * The object `Pyro.NameServer`, with the methods of Pyro4's and Pyro5's name servers, and ours behind them (`register_entry`, `renew`,
 * `set_tags`, `remove_entry`, `details`).
 */
export function nameServerObject(ground: NameServerGround): Exposed {
  const { table, now, changed } = ground;
  const methods: Record<string, Method> = {
    ping: () => null,
    count: () => table.count(now()),
    lookup: (given) => {
      const { uri, tags } = table.lookup(text(given.name, 'name'), now());
      const found = new PassedUri(parsePyroUri(uri));
      return isTrue(given.return_metadata) ? [found, tags] : found;
    },
    // Whether "safe" is given or not: a name that is taken is never overwritten.
    register: async (given) => {
      const entry = {
        name: text(given.name, 'name'),
        uri: uriText(given.uri),
        tags: texts(given.metadata, 'metadata') ?? [],
      };
      table.register(entry, undefined, now());
      await changed();
      return null;
    },
    set_metadata: async (given) => {
      table.setTags(text(given.name, 'name'), texts(given.metadata, 'metadata') ?? [], undefined, now());
      await changed();
      return null;
    },
    remove: async (given) => {
      const name = textOrNone(given.name, 'name');
      const filter = filterOf({ prefix: given.prefix, regex: given.regex });
      const removed =
        name !== undefined && table.remove(name, undefined, now())
          ? 1
          : filter.prefix === undefined && filter.pattern === undefined
            ? 0
            : table.removeAll(filter, now());
      if (removed > 0) await changed();
      return removed;
    },
    list: (given) => listed(table.list(filterOf(given), now()), isTrue(given.return_metadata)),
    yplookup: (given) => {
      const filter = filterOf({ metadata_all: given.meta_all, metadata_any: given.meta_any });
      const found =
        filter.allTags === undefined && filter.anyTags === undefined ? [] : table.list(filter, now());
      return listed(found, given.return_metadata === undefined || isTrue(given.return_metadata));
    },
    register_entry: async (given) => {
      const entry = entryOfWire(given.entry);
      if (entry === undefined) throw new TypeError('the entry is a dict of name, uri, tags, …');
      const { isOwned: _, endsInSeconds: __, ...registration } = entry;
      const stored = table.register(registration, ownerOf(given), now());
      await changed();
      return entryToWire(stored, now());
    },
    // Heartbeats are not kept: after a restart every lease begins anew.
    renew: (given) => entryToWire(table.renew(text(given.name, 'name'), ownerOf(given), now()), now()),
    set_tags: async (given) => {
      table.setTags(text(given.name, 'name'), texts(given.tags, 'tags') ?? [], ownerOf(given), now());
      await changed();
      return null;
    },
    remove_entry: async (given) => {
      const isRemoved = table.remove(text(given.name, 'name'), ownerOf(given), now());
      if (isRemoved) await changed();
      return isRemoved;
    },
    details: (given) => {
      const name = textOrNone(given.name, 'name');
      const found = name === undefined ? table.list(filterOf(given), now()) : [table.lookup(name, now())];
      return found.map((entry) => entryToWire(entry, now()));
    },
  };
  return new Exposed({
    methods: Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [name, exposed(name, method)]),
    ),
  });
}

type Given = Readonly<Record<string, PyroValue | undefined>>;
type Method = (given: Given) => unknown;

/** The names of the arguments, in the order in which Pyro takes them by place. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  lookup: ['name', 'return_metadata'],
  register: ['name', 'uri', 'safe', 'metadata'],
  set_metadata: ['name', 'metadata'],
  remove: ['name', 'prefix', 'regex'],
  list: ['prefix', 'regex', 'metadata_all', 'metadata_any', 'return_metadata'],
  yplookup: ['meta_all', 'meta_any', 'return_metadata'],
  register_entry: ['entry', 'owner'],
  renew: ['name', 'owner'],
  set_tags: ['name', 'tags', 'owner'],
  remove_entry: ['name', 'owner'],
  details: ['name', 'prefix', 'regex', 'metadata_all', 'metadata_any'],
};

function exposed(name: string, method: Method): ExposedMethod {
  return async (args, kwargs) => {
    try {
      return await method(bound(name, args, kwargs));
    } catch (error) {
      if (isLatchkeyError(error) && error.code.startsWith('remote/'))
        throw pythonException('Pyro5.errors.NamingError', error.message, {
          code: error.code,
          hint: error.hint ?? null,
        });
      throw error;
    }
  };
}

function bound(method: string, args: readonly PyroValue[], kwargs: PyroDict): Given {
  const parameters = PARAMETERS[method] ?? [];
  // The third of Pyro5's list is return_metadata.
  const names =
    method === 'list' && typeof args[2] === 'boolean' ? ['prefix', 'regex', 'return_metadata'] : parameters;
  if (args.length > names.length)
    throw new TypeError(`${method} takes ${names.length} arguments, not ${args.length}`);
  const given: Record<string, PyroValue | undefined> = {};
  args.forEach((value, index) => {
    given[names[index] ?? ''] = value;
  });
  for (const [name, value] of Object.entries(kwargs)) {
    if (!parameters.includes(name) || Object.hasOwn(given, name))
      throw new TypeError(`${method} got an unexpected argument ${JSON.stringify(name)}`);
    given[name] = value;
  }
  return given;
}

function filterOf(given: Given): NameFilter {
  const prefix = textOrNone(given.prefix, 'prefix');
  const pattern = textOrNone(given.regex, 'regex');
  const allTags = texts(given.metadata_all, 'metadata_all');
  const anyTags = texts(given.metadata_any, 'metadata_any');
  const all = { prefix, pattern, allTags, anyTags };
  const set = Object.entries(all).filter(([, value]) => value !== undefined && value.length > 0);
  if (set.length > 1) throw new RangeError('you can only filter on one thing at a time');
  return Object.fromEntries(set) as NameFilter;
}

/** As Pyro tells a list: names and URIs, or names and pairs of URI and tags. */
function listed(entries: readonly StoredEntry[], withTags: boolean): ReadonlyMap<string, unknown> {
  return new Map(entries.map(({ name, uri, tags }) => [name, withTags ? [uri, tags] : uri]));
}

function ownerOf(given: Given): Secret | undefined {
  const owner = textOrNone(given.owner, 'owner');
  return owner === undefined || owner === '' ? undefined : new Secret(owner);
}

function uriText(value: PyroValue | undefined): string {
  if (typeof value === 'string') return value;
  const uri = value === undefined ? undefined : uriOfValue(value);
  if (uri === undefined) throw new TypeError('only URIs or strings can be registered');
  return formatPyroUri(uri);
}

function text(value: PyroValue | undefined, name: string): string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a str`);
  return value;
}

function textOrNone(value: PyroValue | undefined, name: string): string | undefined {
  return value === undefined || value === null ? undefined : text(value, name);
}

function texts(value: PyroValue | undefined, name: string): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) && !(value instanceof Set))
    throw new TypeError(`${name} should be a set or list of str`);
  return [...(value as Iterable<PyroValue>)].map((item) => text(item, `an item of ${name}`));
}

function isTrue(value: PyroValue | undefined): boolean {
  return value === true || value === 1;
}
