import type { PyroValue } from './value.ts';

/**
 * Collects the entries of a dict as they are read: a plain object as long as every key is text, else a Map.
 * A key `__proto__` makes it a Map too, so that no copy of it can ever change a prototype.
 */
export class DictBuilder {
  #object: Record<string, PyroValue> | undefined = {};
  #map: Map<PyroValue, PyroValue> | undefined;

  set(key: PyroValue, value: PyroValue): void {
    if (this.#object !== undefined && typeof key === 'string' && key !== '__proto__') {
      this.#object[key] = value;
      return;
    }
    if (this.#map === undefined) {
      this.#map = new Map(Object.entries(this.#object ?? {}));
      this.#object = undefined;
    }
    this.#map.set(key, value);
  }

  finish(): PyroValue {
    return this.#map ?? this.#object ?? {};
  }
}
