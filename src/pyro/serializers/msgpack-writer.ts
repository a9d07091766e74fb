import { LatchkeyError } from '../../kit/index.ts';
import { type ContainerKind, type InputSink, walkInput } from '../input-walk.ts';
import type { PyComplex, PyroInput } from '../value.ts';
import { ByteWriter } from './byte-writer.ts';
import { EXTENSION } from './msgpack-extension.ts';
import { isWellFormed } from './surrogate-text.ts';

/** Writes MessagePack as Python's `msgpack.packb` does for Pyro: text and bytes apart, the shortest form of each. */
export function writeMsgpack(value: PyroInput): Uint8Array {
  const sink = new MsgpackSink();
  walkInput(value, sink);
  return sink.out.finish();
}

class MsgpackSink implements InputSink {
  readonly out = new ByteWriter();

  none(): void {
    this.out.byte(0xc0);
  }
  boolean(value: boolean): void {
    this.out.byte(value ? 0xc3 : 0xc2);
  }
  integer(value: number | bigint): void {
    if (value >= -0x80000000 && value <= 0xffffffff) this.#small(Number(value));
    else if (value >= 0 && value <= 0xffffffffffffffffn) this.#wide(0xcf, BigInt(value));
    else if (value < 0 && value >= -0x8000000000000000n) this.#wide(0xd3, BigInt(value));
    else this.#extension(EXTENSION.integer, Buffer.from(String(value), 'latin1'));
  }
  float(value: number): void {
    const at = this.#tagged(0xcb, 8);
    this.out.buffer.writeDoubleBE(value, at);
  }
  text(value: string): void {
    if (!isWellFormed(value))
      throw new LatchkeyError('pyro/value', 'msgpack cannot write text with half a surrogate pair', {
        hint: 'use the serpent serializer, or send bytes',
      });
    const bytes = Buffer.byteLength(value);
    if (bytes < 32) this.out.byte(0xa0 | bytes);
    else this.#sized(bytes, 0xd9, 0xda, 0xdb);
    const at = this.out.reserve(bytes);
    this.out.buffer.write(value, at, 'utf8');
  }
  bytes(value: Uint8Array): void {
    this.#sized(value.length, 0xc4, 0xc5, 0xc6);
    this.out.bytes(value);
  }
  complex(value: PyComplex): void {
    const data = Buffer.alloc(16);
    data.writeDoubleLE(value.real, 0);
    data.writeDoubleLE(value.imaginary, 8);
    this.#extension(EXTENSION.complex, data);
  }
  date(value: Date): void {
    const data = Buffer.alloc(8);
    data.writeDoubleLE(value.getTime() / 1000);
    this.#extension(EXTENSION.datetime, data);
  }
  begin(kind: ContainerKind, size: number): void {
    if (kind === 'dict') {
      if (size < 16) this.out.byte(0x80 | size);
      else this.#sized(size, undefined, 0xde, 0xdf);
    } else if (size < 16) this.out.byte(0x90 | size);
    else this.#sized(size, undefined, 0xdc, 0xdd);
  }
  item(): void {}
  entryValue(): void {}
  end(): void {}

  #small(value: number): void {
    if (value >= -32 && value <= 0x7f) this.out.byte(value & 0xff);
    else if (value >= 0) this.#sized(value, 0xcc, 0xcd, 0xce);
    else if (value >= -0x80) {
      const at = this.#tagged(0xd0, 1);
      this.out.buffer.writeInt8(value, at);
    } else if (value >= -0x8000) {
      const at = this.#tagged(0xd1, 2);
      this.out.buffer.writeInt16BE(value, at);
    } else {
      const at = this.#tagged(0xd2, 4);
      this.out.buffer.writeInt32BE(value, at);
    }
  }

  #wide(tag: number, value: bigint): void {
    const at = this.#tagged(tag, 8);
    this.out.buffer.writeBigUInt64BE(BigInt.asUintN(64, value), at);
  }

  /** A tag and room behind it; where that is. The buffer is another one afterwards. */
  #tagged(tag: number, bytes: number): number {
    this.out.byte(tag);
    return this.out.reserve(bytes);
  }

  /** A number of 8, 16 or 32 bits behind the tag of that size. */
  #sized(number: number, tag8: number | undefined, tag16: number, tag32: number): void {
    if (tag8 !== undefined && number <= 0xff) {
      const at = this.#tagged(tag8, 1);
      this.out.buffer[at] = number;
    } else if (number <= 0xffff) {
      const at = this.#tagged(tag16, 2);
      this.out.buffer.writeUInt16BE(number, at);
    } else {
      const at = this.#tagged(tag32, 4);
      this.out.buffer.writeUInt32BE(number, at);
    }
  }

  #extension(type: number, data: Buffer): void {
    const fixed = [1, 2, 4, 8, 16].indexOf(data.length);
    if (fixed >= 0) this.out.byte(0xd4 + fixed);
    else this.#sized(data.length, 0xc7, 0xc8, 0xc9);
    this.out.byte(type);
    this.out.bytes(data);
  }
}
