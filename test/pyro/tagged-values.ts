import { PyComplex, type PyroInput, type PyroValue, type SerializerName } from '../../src/pyro/index.ts';

/** A value of Python with its types, as `values.py` says it. */
export type Tagged = null | boolean | string | readonly unknown[];

/** What Python gets when `value` is sent by the serializer. */
export function taggedInput(value: PyroInput, name: SerializerName, hashable = false): Tagged {
  const list = name === 'json' || name === 'msgpack' ? 'list' : undefined;
  const inner = (item: PyroInput, isKey = false) => taggedInput(item, name, isKey);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? int(value) : float(value);
  if (typeof value === 'bigint') return int(value);
  if (typeof value === 'string') return str(value);
  if (value instanceof Uint8Array)
    return name === 'serpent' && !hashable
      ? dict([
          [str('data'), str(Buffer.from(value).toString('base64'))],
          [str('encoding'), str('base64')],
        ])
      : bytes(value);
  if (Array.isArray(value))
    return [hashable ? (list ?? 'tuple') : 'list', value.map((item: PyroInput) => inner(item, hashable))];
  if (value instanceof PyComplex) return complex(value);
  if (value instanceof Set) {
    if (name === 'serpent' && value.size === 0) return ['tuple', []];
    const items = [...value].map((item) => inner(item, true));
    return list === undefined ? ['set', sorted(items)] : [list, items];
  }
  if (value instanceof Map) return dict([...value].map(([k, v]) => [inner(k, true), inner(v)]));
  if (value instanceof Float64Array) return ['list', Array.from(value, float)];
  if (ArrayBuffer.isView(value)) return ['list', Array.from(value as Int32Array, int)];
  if ('items' in value && Array.isArray(value.items) && Object.getPrototypeOf(value) !== Object.prototype)
    return [list ?? 'tuple', value.items.map((item: PyroInput) => inner(item))];
  if ('value' in value && Object.getPrototypeOf(value) !== Object.prototype)
    return float(value.value as number);
  return dict(Object.entries(value as Record<string, PyroInput>).map(([k, v]) => [str(k), inner(v)]));
}

/** A value as it arrived. */
export function taggedValue(value: PyroValue): Tagged {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? int(value) : float(value);
  if (typeof value === 'bigint') return int(value);
  if (typeof value === 'string') return str(value);
  if (value instanceof Uint8Array) return bytes(value);
  if (Array.isArray(value)) return ['list', value.map(taggedValue)];
  if (value instanceof PyComplex) return complex(value);
  if (value instanceof Set) return ['set', sorted([...value].map(taggedValue))];
  if (value instanceof Map) return dict([...value].map(([k, v]) => [taggedValue(k), taggedValue(v)]));
  return dict(Object.entries(value).map(([k, v]) => [str(k), taggedValue(v as PyroValue)]));
}

function int(value: number | bigint): Tagged {
  return ['int', String(value)];
}

function float(value: number): Tagged {
  return ['float', floatBits(value)];
}

function floatBits(value: number): string {
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value);
  return Number.isNaN(value) ? 'nan' : bits.toString('hex');
}

function complex(value: PyComplex): Tagged {
  return ['complex', floatBits(value.real), floatBits(value.imaginary)];
}

function str(value: string): Tagged {
  return ['str', Buffer.from(value, 'utf16le').swap16().toString('hex')];
}

function bytes(value: Uint8Array): Tagged {
  return ['bytes', Buffer.from(value).toString('hex')];
}

/** Python keeps the last of equal keys. */
function dict(entries: readonly (readonly [Tagged, Tagged])[]): Tagged {
  const unique = new Map(entries.map(([key, value]) => [JSON.stringify(key), [key, value]]));
  return ['dict', sorted([...unique.values()])];
}

function sorted(items: Tagged[]): Tagged[] {
  const key = (item: Tagged) => JSON.stringify(item);
  return items.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
