import type { ObjectMetadata } from './exposed.ts';
import type { PyroVersion } from './serializer.ts';
import { formatPyroUri, uriOfValue } from './uri.ts';
import { classNameOf, isPyroDict, type PyroInput, type PyroValue, tuple } from './value.ts';

const MARK = Symbol.for('latchkey.pyro.ObjectReference');

/** A reference to an object: where it is, and what it can do if that is known. It is sent as a Pyro `Proxy`. */
export class ObjectReference {
  /** As with `Exposed`: there may be several copies of this class. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && MARK in value;
  }

  readonly [MARK] = true;
  readonly uri: string;
  readonly metadata: ObjectMetadata | undefined;

  constructor(uri: string, metadata?: ObjectMetadata) {
    this.uri = uri;
    this.metadata = metadata;
  }
}

/** As the serializers of each version know them. */
const PROXY_CLASSES = {
  4: 'Pyro4.core.Proxy',
  5: 'Pyro5.client.Proxy',
} as const;

/** The dict that becomes a `Proxy` in Python. An HMAC key is never in it, unlike in Pyro4's own: whoever calls must have it already. */
export function encodeReference(reference: ObjectReference, version: PyroVersion): PyroInput {
  const { methods = [], oneway = [], attributes = [] } = reference.metadata ?? {};
  const what = [reference.uri, tuple(...oneway), tuple(...methods), tuple(...attributes)] as const;
  const state = version === 4 ? tuple(...what, 0, null, 'hello', 0, null) : tuple(...what, 'hello', null);
  return { __class__: PROXY_CLASSES[version], state };
}

/** The reference that a value stands for: a `Proxy` or `URI` of either version; undefined for any other value. */
export function referenceOf(value: PyroValue): ObjectReference | undefined {
  if (value instanceof ObjectReference) return value;
  const uri = uriOfValue(value);
  if (uri !== undefined) return new ObjectReference(formatPyroUri(uri));
  const name = classNameOf(value);
  if (name === undefined || !isPyroDict(value) || !Array.isArray(value.state)) return undefined;
  const state: readonly PyroValue[] = value.state;
  if (name === PROXY_CLASSES[4] || name === PROXY_CLASSES[5]) {
    const [uri, oneway, methods, attributes] = state;
    if (typeof uri !== 'string') return undefined;
    const metadata = {
      oneway: textsOf(oneway),
      methods: textsOf(methods),
      attributes: textsOf(attributes),
    };
    const isKnown = metadata.methods.length + metadata.attributes.length > 0;
    return new ObjectReference(uri, isKnown ? metadata : undefined);
  }
  return undefined;
}

/** The texts of a list, tuple or set. */
export function textsOf(value: PyroValue | undefined): readonly string[] {
  if (!Array.isArray(value) && !(value instanceof Set)) return [];
  return [...(value as Iterable<PyroValue>)].filter((item) => typeof item === 'string');
}
