import { Exposed } from './exposed.ts';
import { encodeReference, ObjectReference } from './object-reference.ts';
import type { PyroVersion } from './serializer.ts';
import { PassedUri, valueOfUri } from './uri.ts';
import { classNameOf, isPyroDict, type PyroDict, type PyroInput, type PyroValue, PyTuple } from './value.ts';

/** How instances of one class are passed by copy: as a dict with the class's name in it, which Python can register a converter for. */
export interface Converter<T = unknown> {
  /** `package.Class`: without double underscores, which Pyro refuses. */
  readonly className: string;
  matches(value: unknown): value is T;
  /** The fields; the class's name is added. */
  toDict(value: T): { readonly [key: string]: unknown };
  fromDict(dict: PyroDict): T;
}

/** What passing values between two peers needs to know. */
export interface PassingGround {
  readonly version: PyroVersion;
  readonly converters: readonly Converter[];
  /** Publishes an object that is passed by reference; throws where nothing can be published. */
  refer(exposed: Exposed): ObjectReference;
}

/** Something that knows its own reference, as a remote object does. */
interface Referable {
  readonly reference: ObjectReference;
}

/**
 * Writes a value, whose references and instances are replaced first. Most values have none, and every serializer refuses what it does not
 * know with a TypeError: so it is asked first, and values are walked only then.
 */
export function encodePassed<T>(
  value: T,
  ground: PassingGround,
  encode: (value: T) => Uint8Array,
): Uint8Array {
  try {
    return encode(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  return encode(passed(value, ground, 0) as T);
}

const MAX_DEPTH = 200;

/** A copy of the value in which all that has a meaning of its own is written as data. */
function passed(value: unknown, ground: PassingGround, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  if (value instanceof Exposed) return encodeReference(ground.refer(value), ground.version);
  if (value instanceof ObjectReference) return encodeReference(value, ground.version);
  if (value instanceof PassedUri) return valueOfUri(value.uri, ground.version);
  for (const converter of ground.converters)
    if (converter.matches(value))
      return {
        __class__: converter.className,
        ...(passed(converter.toDict(value), ground, depth + 1) as object),
      };
  if (isReferable(value)) return encodeReference(value.reference, ground.version);
  const inner = (item: unknown): unknown => passed(item, ground, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof PyTuple) return new PyTuple(value.items.map(inner) as PyroInput[]);
  if (value instanceof Set) return new Set([...value].map(inner));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [inner(key), inner(item)]));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item)]));
}

/** Puts instances in the place of the dicts that stand for them, where there is a converter. */
export function revive(value: PyroValue, converters: readonly Converter[]): unknown {
  if (converters.length === 0 || typeof value !== 'object' || value === null) return value;
  const inner = (item: PyroValue): unknown => revive(item, converters);
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Set) return new Set([...value].map(inner));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [inner(key), inner(item)]));
  if (!isPyroDict(value)) return value;
  const fields = Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, inner(item)]),
  ) as PyroDict;
  const className = classNameOf(value);
  const converter = className && converters.find((candidate) => candidate.className === className);
  return converter ? converter.fromDict(fields) : fields;
}

function isReferable(value: object): value is Referable {
  return 'reference' in value && (value as Referable).reference instanceof ObjectReference;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
