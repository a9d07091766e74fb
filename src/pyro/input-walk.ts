import { LatchkeyError } from '../kit/index.ts';
import { DEFAULT_MAX_DEPTH, tooDeep } from './decode-budget.ts';
import { PyComplex, PyFloat, type PyroInput, PyTuple } from './value.ts';

/** The containers of Python. A frozenset is a set inside a set or a key. */
export type ContainerKind = 'list' | 'tuple' | 'set' | 'frozenset' | 'dict';

/** What a serializer writes, one call for each thing that {@link walkInput} meets. */
export interface InputSink {
  none(): void;
  boolean(value: boolean): void;
  integer(value: number | bigint): void;
  float(value: number): void;
  text(value: string): void;
  /** @param hashable true where Python needs a value that can be a key */
  bytes(value: Uint8Array, hashable: boolean): void;
  complex(value: PyComplex): void;
  date(value: Date): void;
  begin(kind: ContainerKind, size: number): void;
  /** Before an item, or the key of an entry. */
  item(index: number): void;
  /** Between the key and the value of an entry. */
  entryValue(): void;
  end(kind: ContainerKind, size: number): void;
}

/**
 * Tells `sink` what `value` is, depth first.
 *
 * @throws LatchkeyError `pyro/too-large` for a value nested too deep, or for ever; TypeError for what is no value: undefined,
 *   functions, symbols, objects of classes
 */
export function walkInput(value: PyroInput, sink: InputSink, depth = 0, hashable = false): void {
  switch (typeof value) {
    case 'number':
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) sink.integer(value);
      else sink.float(value);
      return;
    case 'string':
      sink.text(value);
      return;
    case 'boolean':
      sink.boolean(value);
      return;
    case 'bigint':
      sink.integer(value);
      return;
    case 'object':
      if (value === null) sink.none();
      else walkObject(value, sink, depth, hashable);
      return;
    default:
      throw new TypeError(
        `${typeof value} is no value that can be sent${value === undefined ? ': null is None' : ''}`,
      );
  }
}

function walkObject(value: PyroInput & object, sink: InputSink, depth: number, hashable: boolean): void {
  if (depth >= DEFAULT_MAX_DEPTH) throw tooDeep(DEFAULT_MAX_DEPTH);
  if (Array.isArray(value)) walkItems(hashable ? 'tuple' : 'list', value, sink, depth, hashable);
  else if (value instanceof Uint8Array) sink.bytes(value, hashable);
  else if (value instanceof PyFloat) sink.float(value.value);
  else if (value instanceof PyTuple) walkItems('tuple', value.items, sink, depth, hashable);
  else if (value instanceof Date) sink.date(checkedDate(value));
  else if (value instanceof Set) walkSet(value, sink, depth, hashable);
  else if (value instanceof Map) walkMap(value, sink, depth, hashable);
  else if (value instanceof PyComplex) sink.complex(value);
  else if (ArrayBuffer.isView(value)) walkNumbers(value, sink, hashable);
  else walkPlainObject(value as { readonly [key: string]: PyroInput }, sink, depth, hashable);
}

function walkItems(
  kind: ContainerKind,
  items: readonly PyroInput[],
  sink: InputSink,
  depth: number,
  hashable: boolean,
): void {
  sink.begin(kind, items.length);
  for (let i = 0; i < items.length; i++) {
    sink.item(i);
    walkInput(items[i] as PyroInput, sink, depth + 1, hashable);
  }
  sink.end(kind, items.length);
}

function walkSet(value: ReadonlySet<PyroInput>, sink: InputSink, depth: number, hashable: boolean): void {
  const kind = hashable ? 'frozenset' : 'set';
  sink.begin(kind, value.size);
  let index = 0;
  for (const item of value) {
    sink.item(index++);
    walkInput(item, sink, depth + 1, true);
  }
  sink.end(kind, value.size);
}

function walkMap(
  value: ReadonlyMap<PyroInput, PyroInput>,
  sink: InputSink,
  depth: number,
  hashable: boolean,
): void {
  if (hashable) throw dictAsKey();
  sink.begin('dict', value.size);
  let index = 0;
  for (const [key, entry] of value) {
    sink.item(index++);
    walkInput(key, sink, depth + 1, true);
    sink.entryValue();
    walkInput(entry, sink, depth + 1);
  }
  sink.end('dict', value.size);
}

function walkPlainObject(
  value: { readonly [key: string]: PyroInput },
  sink: InputSink,
  depth: number,
  hashable: boolean,
): void {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError(
      `an object of the class ${prototype?.constructor?.name ?? 'without a name'} cannot be sent: give plain data, or a class converter`,
    );
  if (hashable) throw dictAsKey();
  const keys = Object.keys(value);
  sink.begin('dict', keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    sink.item(i);
    sink.text(key);
    sink.entryValue();
    walkInput(value[key] as PyroInput, sink, depth + 1);
  }
  sink.end('dict', keys.length);
}

function walkNumbers(view: ArrayBufferView, sink: InputSink, hashable: boolean): void {
  const isFloat = view instanceof Float64Array || view instanceof Float32Array;
  if (view instanceof DataView) throw new TypeError('a DataView cannot be sent: give its bytes');
  const numbers = view as unknown as ArrayLike<number | bigint>;
  const kind = hashable ? 'tuple' : 'list';
  sink.begin(kind, numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    sink.item(i);
    if (isFloat) sink.float(numbers[i] as number);
    else sink.integer(numbers[i] as number | bigint);
  }
  sink.end(kind, numbers.length);
}

function checkedDate(value: Date): Date {
  if (Number.isNaN(value.getTime())) throw new TypeError('an invalid Date cannot be sent');
  return value;
}

function dictAsKey(): LatchkeyError {
  return new LatchkeyError('pyro/value', 'a dict cannot be in a set or a key of a dict in Python', {
    hint: 'use a list of pairs',
  });
}

/** A date as Python's `isoformat` writes one that knows its zone. */
export function isoDate(value: Date): string {
  return value
    .toISOString()
    .replace(/\.000Z$/, 'Z')
    .replace(/Z$/, '+00:00');
}
