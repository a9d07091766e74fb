import { isPyroDict, type PyroValue } from '../../../pyro/index.ts';

/** Bytes as they arrive: serpent sends them as a dict with base64. */
export function bytesOf(value: PyroValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (isPyroDict(value ?? null)) {
    const { data, encoding } = value as { readonly data?: unknown; readonly encoding?: unknown };
    if (encoding === 'base64' && typeof data === 'string') return Buffer.from(data, 'base64');
  }
  throw new TypeError(
    "expected bytes: a client's file object is not called back; getPyroFile(jobID, name, 'wb') takes its pieces",
  );
}
