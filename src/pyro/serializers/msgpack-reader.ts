import { LatchkeyError } from '../../kit/index.ts';
import { DecodeBudget, type DecodeLimits, MAX_INTEGER_DIGITS } from '../decode-budget.ts';
import { DictBuilder } from '../dict-builder.ts';
import { PyComplex, type PyroValue } from '../value.ts';
import { ByteReader } from './byte-reader.ts';
import { EXTENSION } from './msgpack-extension.ts';
import { utf8Text } from './surrogate-text.ts';

/**
 * Reads MessagePack with the extensions of Pyro. A date is text, `2026-12-01`, a datetime a Date.
 *
 * @throws LatchkeyError `pyro/malformed`, also for extensions that are not known; `pyro/too-large`
 */
export function readMsgpack(bytes: Uint8Array, limits?: DecodeLimits): PyroValue {
  const reader = new MsgpackReader(bytes, limits);
  const value = reader.value();
  reader.expectEnd();
  return value;
}

class MsgpackReader {
  readonly #in: ByteReader;
  readonly #budget: DecodeBudget;

  constructor(bytes: Uint8Array, limits: DecodeLimits | undefined) {
    this.#in = new ByteReader(bytes, 'msgpack');
    this.#budget = new DecodeBudget(limits);
  }

  expectEnd(): void {
    if (this.#in.left > 0) throw this.#in.malformed(`${this.#in.left} bytes after the value`);
  }

  value(): PyroValue {
    this.#budget.count();
    const tag = this.#in.byte();
    if (tag <= 0x7f) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    if (tag <= 0x8f) return this.#dict(tag & 0x0f);
    if (tag <= 0x9f) return this.#list(tag & 0x0f);
    if (tag <= 0xbf) return this.#text(tag & 0x1f);
    const { buffer } = this.#in;
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return buffer.readFloatBE(this.#in.take(4));
      case 0xcb:
        return buffer.readDoubleBE(this.#in.take(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#size(tag - 0xcc);
      case 0xcf:
        return normal(buffer.readBigUInt64BE(this.#in.take(8)));
      case 0xd0:
        return buffer.readInt8(this.#in.take(1));
      case 0xd1:
        return buffer.readInt16BE(this.#in.take(2));
      case 0xd2:
        return buffer.readInt32BE(this.#in.take(4));
      case 0xd3:
        return normal(buffer.readBigInt64BE(this.#in.take(8)));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (tag - 0xd4));
    }
    if (tag >= 0xc4 && tag <= 0xc6) return this.#in.bytes(this.#size(tag - 0xc4));
    if (tag >= 0xc7 && tag <= 0xc9) return this.#extension(this.#size(tag - 0xc7));
    if (tag >= 0xd9 && tag <= 0xdb) return this.#text(this.#size(tag - 0xd9));
    if (tag >= 0xdc && tag <= 0xdd) return this.#list(this.#size(tag - 0xdc + 1));
    if (tag >= 0xde && tag <= 0xdf) return this.#dict(this.#size(tag - 0xde + 1));
    throw this.#in.malformed('a tag that means nothing');
  }

  /** An unsigned number of 1, 2 or 4 bytes. */
  #size(power: number): number {
    const bytes = 1 << power;
    return this.#in.buffer.readUIntBE(this.#in.take(bytes), bytes);
  }

  #text(bytes: number): string {
    const at = this.#in.take(bytes);
    try {
      return utf8Text(this.#in.buffer, at, at + bytes);
    } catch {
      throw this.#in.malformed('text that is not UTF-8');
    }
  }

  #list(size: number): PyroValue[] {
    this.#in.count(size, 1);
    this.#budget.enter();
    const items: PyroValue[] = [];
    for (let i = 0; i < size; i++) items.push(this.value());
    this.#budget.leave();
    return items;
  }

  #dict(size: number): PyroValue {
    this.#in.count(size, 2);
    this.#budget.enter();
    const dict = new DictBuilder();
    for (let i = 0; i < size; i++) {
      const key = this.value();
      dict.set(key, this.value());
    }
    this.#budget.leave();
    return dict.finish();
  }

  #extension(size: number): PyroValue {
    const type = this.#in.byte();
    const at = this.#in.take(size);
    const data = this.#in.buffer.subarray(at, at + size);
    if (type === EXTENSION.complex && size === 16)
      return new PyComplex(data.readDoubleLE(0), data.readDoubleLE(8));
    if (type === EXTENSION.integer) return this.#integer(data);
    if (type === EXTENSION.datetime && size === 8) return this.#date(1000 * data.readDoubleLE(0));
    if (type === EXTENSION.date && size === 8) return this.#day(Number(data.readBigInt64LE(0)));
    throw this.#in.malformed(`an extension of the type ${type} and ${size} bytes, which is not Pyro's`);
  }

  #integer(data: Buffer): PyroValue {
    if (data.length > MAX_INTEGER_DIGITS)
      throw new LatchkeyError(
        'pyro/too-large',
        `an integer has ${data.length} digits, at most ${MAX_INTEGER_DIGITS} are read`,
      );
    const digits = data.toString('latin1');
    if (!/^-?\d+$/.test(digits)) throw this.#in.malformed('an integer that is not digits');
    return normal(BigInt(digits));
  }

  #date(milliseconds: number): Date {
    const date = new Date(Math.round(milliseconds));
    if (Number.isNaN(date.getTime())) throw this.#in.malformed('a date that is none');
    return date;
  }

  #day(ordinal: number): string {
    const FIRST_OF_1970 = 719_163;
    return this.#date((ordinal - FIRST_OF_1970) * 86_400_000)
      .toISOString()
      .slice(0, 10);
  }
}

function normal(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
