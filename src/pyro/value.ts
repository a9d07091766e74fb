/**
 * What arrives from a Python peer: data only, whatever the peer says it is.
 *
 * - `int` is a number within ±(2^53 − 1), else a bigint; `float` is a number.
 * - lists and tuples are arrays, sets are Sets.
 * - a dict whose keys are all text is a plain object; any other dict, and one with a key `__proto__`, is a Map.
 * - `bytes` is a Uint8Array; complex numbers are {@link PyComplex}; msgpack's datetime is a Date.
 * - an instance of a class is the dict that stands for it (`__class__` and its fields), never an object with behaviour.
 * - Decimal, UUID and (but for msgpack) datetime, date and time are text, as Pyro sends them.
 */
export type PyroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Date
  | PyComplex
  | readonly PyroValue[]
  | ReadonlySet<PyroValue>
  | ReadonlyMap<PyroValue, PyroValue>
  | PyroDict;

/** A dict whose keys are text. */
export interface PyroDict {
  readonly [key: string]: PyroValue;
}

/**
 * What can be sent: every {@link PyroValue}, and what says more than JavaScript's own values do.
 *
 * - a number that is an integer within ±(2^53 − 1) is an `int` there, any other a `float`; {@link float} makes a `float` of it.
 * - an array is a list, and a tuple where it is in a Set or a key of a Map; {@link tuple} makes a tuple of it anywhere.
 * - a typed array is a list of its numbers: of `float` for Float64Array and Float32Array, of `int` for the others; Uint8Array is `bytes`.
 */
export type PyroInput =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Date
  | PyComplex
  | PyFloat
  | PyTuple
  | NumericArray
  | readonly PyroInput[]
  | ReadonlySet<PyroInput>
  | ReadonlyMap<PyroInput, PyroInput>
  | { readonly [key: string]: PyroInput };

export type NumericArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint16Array
  | Uint32Array
  | Uint8ClampedArray
  | BigInt64Array
  | BigUint64Array;

/** A number that is a `float` in Python even when it is an integer. Made by {@link float}. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A tuple. Made by {@link tuple}; what arrives as a tuple is an array. */
export class PyTuple {
  readonly items: readonly PyroInput[];
  constructor(items: readonly PyroInput[]) {
    this.items = items;
  }
}

/** A complex number. */
export class PyComplex {
  readonly real: number;
  readonly imaginary: number;
  constructor(real: number, imaginary: number) {
    this.real = real;
    this.imaginary = imaginary;
  }
}

/** `float(2)` is `2.0` in Python, where `2` would be an `int`. */
export function float(value: number): PyFloat {
  return new PyFloat(value);
}

/** `tuple(1, 2)` is `(1, 2)` in Python, where `[1, 2]` would be a list. */
export function tuple(...items: readonly PyroInput[]): PyTuple {
  return new PyTuple(items);
}

/** True for a dict with text keys that arrived as a plain object. */
export function isPyroDict(value: PyroValue | undefined): value is PyroDict {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Map) &&
    !(value instanceof Set) &&
    !(value instanceof Date) &&
    !(value instanceof PyComplex)
  );
}

/** The name of the class that a dict stands for, `builtins.ValueError`, or undefined for a dict that is only a dict. */
export function classNameOf(value: PyroValue): string | undefined {
  if (!isPyroDict(value) || !Object.hasOwn(value, '__class__')) return undefined;
  const name = value.__class__;
  return typeof name === 'string' ? name : undefined;
}
