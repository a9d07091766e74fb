import type { PyroDict, PyroValue } from './value.ts';

/** Who calls. */
export interface CallPeer {
  /** `127.0.0.1:40132`, or `unix` for a socket file. */
  readonly address: string;
  /** True for a client of ours: its calls may be answered in any order. */
  readonly isNative: boolean;
  /** Aborted when its connection ends. The same object for all calls of one connection. */
  readonly closed: AbortSignal;
}

/** What a method may know of the call it answers. */
export interface CallContext {
  readonly peer: CallPeer;
  readonly object: string;
  readonly method: string;
  /** What the caller added to the message, by four letters. */
  readonly annotations: ReadonlyMap<string, Uint8Array>;
  /** Aborted when the caller gives up or is gone, the call lasts too long, or the server closes; for a stream, when it is ended early. */
  readonly signal: AbortSignal;
}

/**
 * Answers a call. What it returns is sent by copy; an {@link Exposed} in it arrives as a proxy; a generator, sync or async, becomes a stream.
 * An error it throws arrives as a Python exception (see {@link PythonError}).
 */
export type ExposedMethod = (args: readonly PyroValue[], kwargs: PyroDict, context: CallContext) => unknown;

export interface ExposedAttribute {
  readonly get?: (context: CallContext) => unknown;
  readonly set?: (value: PyroValue, context: CallContext) => unknown;
}

/** All that can be reached of an object: nothing else is, whatever it inherits. */
export interface ExposedTable {
  readonly methods?: Readonly<Record<string, ExposedMethod>>;
  /** Methods of the table above whose callers wait for no answer. */
  readonly oneway?: readonly string[];
  readonly attributes?: Readonly<Record<string, ExposedAttribute>>;
}

/** What proxies are told of an object when they connect. */
export interface ObjectMetadata {
  readonly methods: readonly string[];
  readonly oneway: readonly string[];
  readonly attributes: readonly string[];
}

const MARK = Symbol.for('latchkey.pyro.Exposed');

/** An object as others may call it. Passing one as an argument or result passes a reference to it. */
export class Exposed {
  /** A program that is bundled brings a copy of this class of its own: the mark counts. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && MARK in value;
  }

  readonly [MARK] = true;
  readonly methods: ReadonlyMap<string, ExposedMethod>;
  readonly attributes: ReadonlyMap<string, ExposedAttribute>;
  readonly metadata: ObjectMetadata;

  /** @throws TypeError for names that Pyro calls private, that mean two things, or that are not there */
  constructor(table: ExposedTable) {
    this.methods = new Map(Object.entries(table.methods ?? {}));
    this.attributes = new Map(Object.entries(table.attributes ?? {}));
    const oneway = table.oneway ?? [];
    for (const name of [...this.methods.keys(), ...this.attributes.keys()]) {
      if (!isPublicName(name)) throw new TypeError(`"${name}" cannot be exposed: Pyro calls it private`);
      if (this.methods.has(name) && this.attributes.has(name))
        throw new TypeError(`"${name}" is exposed as a method and as an attribute`);
    }
    for (const name of oneway)
      if (!this.methods.has(name)) throw new TypeError(`the one-way method "${name}" is not in the table`);
    this.metadata = {
      methods: [...this.methods.keys()],
      oneway: [...oneway],
      attributes: [...this.attributes.keys()],
    };
  }
}

/** Which members of an instance are exposed. */
export interface ExposedMembers<T> {
  /** Called with the call's arguments; named ones, if there are any, come last as one object. */
  readonly methods?: readonly (keyof T & string)[];
  readonly oneway?: readonly (keyof T & string)[];
  /** Read and written as they are; see `readonly` for those that are only read. */
  readonly attributes?: readonly (keyof T & string)[];
  readonly readonly?: readonly (keyof T & string)[];
}

/**
 * Exposes the named members of an instance, and no others.
 *
 * @throws TypeError for a method that is no function, and as {@link Exposed} does
 */
export function expose<T extends object>(instance: T, members: ExposedMembers<T>): Exposed {
  const methods: Record<string, ExposedMethod> = {};
  for (const name of [...(members.methods ?? []), ...(members.oneway ?? [])]) {
    if (typeof instance[name] !== 'function') throw new TypeError(`"${name}" is no method of the instance`);
    methods[name] = (args, kwargs) => {
      const method = instance[name] as (...args: unknown[]) => unknown;
      return isEmpty(kwargs) ? method.apply(instance, [...args]) : method.apply(instance, [...args, kwargs]);
    };
  }
  const attributes: Record<string, ExposedAttribute> = {};
  for (const name of members.attributes ?? []) {
    attributes[name] = {
      get: () => instance[name],
      set: (value) => {
        instance[name] = value as T[typeof name];
      },
    };
  }
  for (const name of members.readonly ?? []) attributes[name] = { get: () => instance[name] };
  return new Exposed({ methods, oneway: members.oneway ?? [], attributes });
}

/** The rule of both versions: a leading underscore is private, but for `__name__`. */
function isPublicName(name: string): boolean {
  return (
    name !== '' &&
    (!name.startsWith('_') || (name.length > 4 && /^__.*__$/s.test(name) && !DUNDERS.has(name)))
  );
}

/** Those that mean something to Pyro itself. */
const DUNDERS = new Set(['__getattr__', '__setattr__', '__proto__']);

function isEmpty(kwargs: PyroDict): boolean {
  for (const _ in kwargs) return false;
  return true;
}
