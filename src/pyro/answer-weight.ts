import { PyTuple } from './value.ts';

const MAX_DEPTH = 200;

/**
 * Pure: how many bytes a value is at least when it is written, by any serializer. It is not counted further than beyond `enough`.
 */
export function atLeastBytes(value: unknown, enough: number, depth = 0): number {
  if (typeof value === 'string') return 1 + value.length;
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return 1;
  if (value instanceof Uint8Array) return 1 + value.byteLength;
  // Each of its numbers is written.
  if (ArrayBuffer.isView(value)) return 1 + ((value as { readonly length?: number }).length ?? 0);
  let bytes = 1;
  for (const item of itemsOf(value)) {
    if (bytes > enough) break;
    bytes += atLeastBytes(item, enough - bytes, depth + 1);
  }
  return bytes;
}

function* itemsOf(value: object): Iterable<unknown> {
  if (value instanceof PyTuple) yield* value.items;
  else if (Array.isArray(value) || value instanceof Set) yield* value;
  else if (value instanceof Map) {
    for (const [key, item] of value) {
      yield key;
      yield item;
    }
  } else if (isPlain(value)) {
    for (const [key, item] of Object.entries(value)) {
      yield key;
      yield item;
    }
  }
}

/** What instances of classes are written as is not known here. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
