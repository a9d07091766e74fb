import { LatchkeyError } from '../../kit/index.ts';
import { DecodeBudget, type DecodeLimits, MAX_INTEGER_DIGITS } from '../decode-budget.ts';
import { DictBuilder } from '../dict-builder.ts';
import { PyComplex, type PyroValue } from '../value.ts';
import { ByteReader } from './byte-reader.ts';
import { textWithSurrogates } from './surrogate-text.ts';

/**
 * Reads what `marshal.dumps` of Python 3 writes (format version 4, and those before), as far as it is data.
 * Values that are referred to are the same object here too, and count again: a small message cannot stand for a huge value.
 *
 * @throws LatchkeyError `pyro/malformed`, also for code and for values that hold themselves; `pyro/too-large`
 */
export function readMarshal(bytes: Uint8Array, limits?: DecodeLimits): PyroValue {
  const reader = new MarshalReader(bytes, limits);
  const value = reader.value();
  if (reader.bytesLeft > 0) throw reader.malformed(`${reader.bytesLeft} bytes after the value`);
  return value;
}

const IS_REFERRED_TO = 0x80;
/** Ends a dict, and is no value. */
const END = Symbol('end of dict');
/** A container that is being read. */
const UNFINISHED = Symbol('unfinished');
const MAX_LONG_DIGITS = Math.ceil((MAX_INTEGER_DIGITS * Math.log2(10)) / 15);

interface Reference {
  value: PyroValue | typeof UNFINISHED;
  /** How many values it is. */
  weight: number;
}

class MarshalReader {
  readonly #in: ByteReader;
  readonly #budget: DecodeBudget;
  readonly #references: Reference[] = [];

  constructor(bytes: Uint8Array, limits: DecodeLimits | undefined) {
    this.#in = new ByteReader(bytes, 'marshal');
    this.#budget = new DecodeBudget(limits);
  }

  get bytesLeft(): number {
    return this.#in.left;
  }

  malformed(what: string): LatchkeyError {
    return this.#in.malformed(what);
  }

  value(): PyroValue {
    const value = this.#valueOrEnd();
    if (value === END) throw this.malformed('a value is missing');
    return value as PyroValue;
  }

  #valueOrEnd(): PyroValue | typeof END {
    this.#budget.count();
    const byte = this.#in.byte();
    const type = String.fromCharCode(byte & ~IS_REFERRED_TO);
    if (type === '0') return END;
    if (type === 'r') return this.#referred();
    if ((byte & IS_REFERRED_TO) === 0) return this.#read(type);
    const before = this.#budget.values;
    const reference: Reference = { value: UNFINISHED, weight: 0 };
    this.#references.push(reference);
    const value = this.#read(type);
    reference.value = value;
    reference.weight = this.#budget.values - before;
    return value;
  }

  #referred(): PyroValue {
    const reference = this.#references[this.#int()];
    if (reference === undefined) throw this.malformed('a reference to nothing');
    if (reference.value === UNFINISHED) throw this.malformed('a value that holds itself');
    this.#budget.count(reference.weight);
    return reference.value;
  }

  #read(type: string): PyroValue {
    const { buffer } = this.#in;
    switch (type) {
      case 'N':
        return null;
      case 'T':
        return true;
      case 'F':
        return false;
      case 'i':
        return this.#int();
      case 'I':
        return normal(buffer.readBigInt64LE(this.#in.take(8)));
      case 'l':
        return this.#long();
      case 'g':
        return this.#double();
      case 'y':
        return new PyComplex(this.#double(), this.#double());
      case 'f':
        return this.#floatText();
      case 'x':
        return new PyComplex(this.#floatText(), this.#floatText());
      case 's':
        return this.#in.bytes(this.#size());
      case 'u':
      case 't':
        return this.#text(this.#size());
      case 'a':
      case 'A':
        return this.#ascii(this.#size());
      case 'z':
      case 'Z':
        return this.#ascii(this.#in.byte());
      case ')':
        return this.#items(this.#in.byte());
      case '(':
      case '[':
        return this.#items(this.#size());
      case '<':
      case '>':
        return new Set(this.#items(this.#size()));
      case '{':
        return this.#dict();
      case 'c':
        throw new LatchkeyError('pyro/malformed', 'the payload holds code, which is never read', {
          hint: 'send data only, or use the serpent serializer',
        });
    }
    // Among these StopIteration (S) and Ellipsis (.), which are no data.
    throw this.malformed(`a value of the type ${JSON.stringify(type)}, which is not data`);
  }

  #int(): number {
    return this.#in.buffer.readInt32LE(this.#in.take(4));
  }

  #size(): number {
    const size = this.#int();
    if (size < 0) throw this.malformed(`a size of ${size}`);
    return size;
  }

  #double(): number {
    return this.#in.buffer.readDoubleLE(this.#in.take(8));
  }

  #floatText(): number {
    const text = this.#ascii(this.#in.byte());
    const special = { inf: Infinity, '-inf': -Infinity, nan: Number.NaN }[text];
    if (special !== undefined) return special;
    if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text)) throw this.malformed('a bad float');
    return Number(text);
  }

  #long(): PyroValue {
    const size = this.#int();
    const digits = Math.abs(size);
    if (digits > MAX_LONG_DIGITS)
      throw new LatchkeyError('pyro/too-large', `an integer of ${digits * 15} bits is too long to be read`);
    const at = this.#in.take(2 * digits);
    let value = 0n;
    for (let i = digits - 1; i >= 0; i--) {
      const digit = this.#in.buffer.readUInt16LE(at + 2 * i);
      if (digit > 0x7fff) throw this.malformed('a bad digit of an integer');
      value = (value << 15n) | BigInt(digit);
    }
    return normal(size < 0 ? -value : value);
  }

  #text(bytes: number): string {
    const at = this.#in.take(bytes);
    const text = textWithSurrogates(this.#in.buffer.subarray(at, at + bytes));
    if (text === undefined) throw this.malformed('text that is not UTF-8');
    return text;
  }

  #ascii(bytes: number): string {
    const at = this.#in.take(bytes);
    return this.#in.buffer.toString('latin1', at, at + bytes);
  }

  #items(size: number): PyroValue[] {
    this.#in.count(size, 1);
    this.#budget.enter();
    const items: PyroValue[] = [];
    for (let i = 0; i < size; i++) items.push(this.value());
    this.#budget.leave();
    return items;
  }

  #dict(): PyroValue {
    this.#budget.enter();
    const dict = new DictBuilder();
    for (let key = this.#valueOrEnd(); key !== END; key = this.#valueOrEnd())
      dict.set(key as PyroValue, this.value());
    this.#budget.leave();
    return dict.finish();
  }
}

function normal(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
