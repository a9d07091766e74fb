import { LatchkeyError } from '../../kit/index.ts';
import { callDict, callOfDict } from '../call-shape.ts';
import { type ContainerKind, type InputSink, isoDate, walkInput } from '../input-walk.ts';
import type { Serializer } from '../serializer.ts';
import type { PyroInput } from '../value.ts';
import { readJson } from './json-reader.ts';

/** JSON as Python's `json` writes and reads it: integers of any size, NaN and Infinity; sets and tuples become lists; no bytes. */
export const json: Serializer = {
  name: 'json',
  idOf: (version) => (version === 4 ? 2 : 3),
  encode: writeJson,
  decode: readJson,
  encodeCall: (call) => writeJson(callDict(call)),
  decodeCall: (bytes, limits) => callOfDict(readJson(bytes, limits)),
};

function writeJson(value: PyroInput): Uint8Array {
  const sink = new JsonSink();
  walkInput(value, sink);
  return Buffer.from(sink.output, 'utf8');
}

class JsonSink implements InputSink {
  output = '';
  /** The containers around, innermost last: true for a dict. */
  readonly #inDict: boolean[] = [];
  #expectsKey = false;

  none(): void {
    this.#write('null');
  }
  boolean(value: boolean): void {
    this.#write(String(value));
  }
  integer(value: number | bigint): void {
    this.#write(String(value));
  }
  float(value: number): void {
    if (Object.is(value, -0)) this.#write('-0.0');
    else this.#write(/^-?\d+$/.test(String(value)) ? `${value}.0` : String(value));
  }
  text(value: string): void {
    this.#expectsKey = false;
    this.output += JSON.stringify(value);
  }
  bytes(): void {
    throw unwritable('bytes');
  }
  complex(): void {
    throw unwritable('complex numbers');
  }
  date(value: Date): void {
    this.#write(`"${isoDate(value)}"`);
  }
  begin(kind: ContainerKind): void {
    this.#write(kind === 'dict' ? '{' : '[');
    this.#inDict.push(kind === 'dict');
  }
  item(index: number): void {
    if (index > 0) this.output += ',';
    this.#expectsKey = this.#inDict.at(-1) === true;
  }
  entryValue(): void {
    this.output += ':';
  }
  end(kind: ContainerKind): void {
    this.#inDict.pop();
    this.output += kind === 'dict' ? '}' : ']';
  }

  #write(text: string): void {
    if (this.#expectsKey) throw unwritable('dicts whose keys are not text');
    this.output += text;
  }
}

function unwritable(what: string): LatchkeyError {
  return new LatchkeyError('pyro/value', `json cannot write ${what}`, {
    hint: 'use the serpent serializer, or marshal',
  });
}
