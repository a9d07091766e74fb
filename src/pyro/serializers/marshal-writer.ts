import { type ContainerKind, type InputSink, isoDate, walkInput } from '../input-walk.ts';
import type { PyComplex, PyroInput } from '../value.ts';
import { ByteWriter } from './byte-writer.ts';
import { utf8WithSurrogates } from './surrogate-text.ts';

/** Writes what `marshal.loads` of every Python 3 reads; without references, which are a matter of size only. */
export function writeMarshal(value: PyroInput): Uint8Array {
  const sink = new MarshalSink();
  walkInput(value, sink);
  return sink.out.finish();
}

const [NONE, TRUE, FALSE, INT, LONG, FLOAT, COMPLEX] = [...'NTFilgy'].map((c) => c.charCodeAt(0));
const [BYTES, TEXT, LIST, TUPLE, SET, FROZENSET, DICT, END] = [...'su[(<>{0'].map((c) => c.charCodeAt(0));
const OPENING: Readonly<Record<ContainerKind, number | undefined>> = {
  list: LIST,
  tuple: TUPLE,
  set: SET,
  frozenset: FROZENSET,
  dict: DICT,
};

class MarshalSink implements InputSink {
  readonly out = new ByteWriter();

  none(): void {
    this.out.byte(NONE as number);
  }
  boolean(value: boolean): void {
    this.out.byte((value ? TRUE : FALSE) as number);
  }
  integer(value: number | bigint): void {
    if (value >= -0x80000000 && value <= 0x7fffffff) this.#headed(INT, Number(value));
    else this.#long(BigInt(value));
  }
  float(value: number): void {
    this.out.byte(FLOAT as number);
    this.#double(value);
  }
  text(value: string): void {
    const bytes = utf8WithSurrogates(value);
    this.#headed(TEXT, bytes.length);
    this.out.bytes(bytes);
  }
  bytes(value: Uint8Array): void {
    this.#headed(BYTES, value.length);
    this.out.bytes(value);
  }
  complex(value: PyComplex): void {
    this.out.byte(COMPLEX as number);
    this.#double(value.real);
    this.#double(value.imaginary);
  }
  date(value: Date): void {
    this.text(isoDate(value));
  }
  begin(kind: ContainerKind, size: number): void {
    if (kind === 'dict') this.out.byte(DICT as number);
    else this.#headed(OPENING[kind], size);
  }
  item(): void {}
  entryValue(): void {}
  end(kind: ContainerKind): void {
    if (kind === 'dict') this.out.byte(END as number);
  }

  #headed(type: number | undefined, number: number): void {
    const at = this.out.reserve(5);
    this.out.buffer[at] = type as number;
    this.out.buffer.writeInt32LE(number, at + 1);
  }

  #double(value: number): void {
    const at = this.out.reserve(8);
    this.out.buffer.writeDoubleLE(value, at);
  }

  /** Digits of 15 bits, the lowest first; their number is negative for a negative integer. */
  #long(value: bigint): void {
    const bits = (value < 0n ? -value : value).toString(2);
    const digits = Math.ceil(bits.length / 15);
    this.#headed(LONG, value < 0n ? -digits : digits);
    const at = this.out.reserve(2 * digits);
    for (let i = 0; i < digits; i++) {
      const end = bits.length - 15 * i;
      this.out.buffer.writeUInt16LE(Number.parseInt(bits.slice(Math.max(0, end - 15), end), 2), at + 2 * i);
    }
  }
}
