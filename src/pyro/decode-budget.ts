import { LatchkeyError } from '../kit/index.ts';

/** How much one payload may hold. Its bytes are bounded by the frame. */
export interface DecodeLimits {
  /** Deepest nesting; default 200, as serpent's own. */
  readonly maxDepth?: number;
  /** Most values, where one that is referred to again counts again; default 20,000,000. */
  readonly maxValues?: number;
}

export const DEFAULT_MAX_DEPTH = 200;
const DEFAULT_MAX_VALUES = 20_000_000;

/** Python itself refuses to read longer integers from text. */
export const MAX_INTEGER_DIGITS = 4300;

/** Counts what a decoder makes, and stops it in time. */
export class DecodeBudget {
  readonly #maxDepth: number;
  readonly #maxValues: number;
  #depth = 0;
  values = 0;

  constructor(limits: DecodeLimits = {}) {
    this.#maxDepth = limits.maxDepth ?? DEFAULT_MAX_DEPTH;
    this.#maxValues = limits.maxValues ?? DEFAULT_MAX_VALUES;
  }

  /** One container is begun. */
  enter(): void {
    if (++this.#depth > this.#maxDepth) throw tooDeep(this.#maxDepth);
  }

  leave(): void {
    this.#depth--;
  }

  /** So many more values are made. */
  count(values = 1): void {
    this.values += values;
    if (this.values > this.#maxValues)
      throw new LatchkeyError('pyro/too-large', `the payload holds more than ${this.#maxValues} values`, {
        hint: 'send less in one call, or numbers as bytes',
      });
  }
}

export function tooDeep(maxDepth: number): LatchkeyError {
  return new LatchkeyError('pyro/too-large', `the value is nested more than ${maxDepth} deep`, {
    hint: 'flatten it; a value that holds itself has no end',
  });
}
