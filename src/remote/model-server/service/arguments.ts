import { quote, Secret } from '../../../kit/index.ts';
import type { PyroDict, PyroValue } from '../../../pyro/index.ts';

/** Half of a surrogate pair is no character: an answer with it, to whomever, could not be written. */
const HALF = /\p{Cs}/u;

/** The arguments of one call, by position or by name. Wrong ones are the caller's mistake: a TypeError there. */
export class Arguments {
  readonly #args: readonly PyroValue[];
  readonly #kwargs: PyroDict;
  readonly #names: readonly string[];

  /** @throws TypeError for too many arguments, or names that are not there */
  constructor(names: readonly string[], args: readonly PyroValue[], kwargs: PyroDict) {
    if (args.length > names.length)
      throw new TypeError(`takes ${names.length} arguments (${names.join(', ')}), not ${args.length}`);
    for (const name of Object.keys(kwargs))
      if (!names.includes(name))
        throw new TypeError(`has no argument ${quote(name)}, only ${names.join(', ')}`);
    this.#names = names;
    this.#args = args;
    this.#kwargs = kwargs;
  }

  value(name: string): PyroValue | undefined {
    const given = Object.hasOwn(this.#kwargs, name)
      ? this.#kwargs[name]
      : this.#args[this.#names.indexOf(name)];
    return given === null ? undefined : given;
  }

  optionalText(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || (typeof value === 'string' && value.length <= 4096 && !HALF.test(value)))
      return value;
    throw new TypeError(`${name} must be a text of at most 4096 characters`);
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value !== undefined) return value;
    throw new TypeError(`${name} is missing`);
  }

  secret(name: string): Secret | undefined {
    const value = this.optionalText(name);
    return value === undefined ? undefined : new Secret(value);
  }

  flag(name: string): boolean {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value ?? false;
    throw new TypeError(`${name} must be True or False`);
  }

  /** A whole number, or `otherwise`. */
  count(name: string, otherwise: number, least = 0): number {
    const value = this.value(name);
    if (value === undefined) return otherwise;
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least) return number;
    throw new TypeError(`${name} must be a whole number from ${least}`);
  }
}
