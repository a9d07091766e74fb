import { LatchkeyError, quote } from '../../kit/index.ts';
import { DecodeBudget, type DecodeLimits, MAX_INTEGER_DIGITS } from '../decode-budget.ts';
import { DictBuilder } from '../dict-builder.ts';
import type { PyroValue } from '../value.ts';

/**
 * Reads JSON as Python's `json` writes it: integers of any size, `NaN` and `Infinity`, in one pass.
 *
 * @throws LatchkeyError `pyro/malformed`, `pyro/too-large`
 */
export function readJson(bytes: Uint8Array, limits?: DecodeLimits): PyroValue {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LatchkeyError('pyro/malformed', 'json text is not UTF-8', { cause });
  }
  const reader = new JsonReader(text, new DecodeBudget(limits));
  const value = reader.value();
  reader.expectEnd();
  return value;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /-?[A-Za-z]{1,8}/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS: ReadonlyMap<string, PyroValue> = new Map<string, PyroValue>([
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

// JSON.parse loses integers beyond 2^53 and refuses NaN, both of which Python writes.
class JsonReader {
  readonly #text: string;
  readonly #budget: DecodeBudget;
  #at = 0;
  #nextBackslash = -1;

  constructor(text: string, budget: DecodeBudget) {
    this.#text = text;
    this.#budget = budget;
  }

  value(): PyroValue {
    this.#budget.count();
    const character = this.#peek();
    if (character === '"') return this.#string();
    if (character === '[') return this.#list();
    if (character === '{') return this.#object();
    return this.#number() ?? this.#word();
  }

  expectEnd(): void {
    if (this.#peek() !== '') throw this.#unexpected('the end');
  }

  #peek(): string {
    const code = this.#text.charCodeAt(this.#at);
    if (code <= 32) {
      SPACE.lastIndex = this.#at;
      SPACE.exec(this.#text);
      this.#at = SPACE.lastIndex;
    }
    return this.#text.charAt(this.#at);
  }

  #list(): PyroValue {
    this.#budget.enter();
    this.#at++;
    const items: PyroValue[] = [];
    if (this.#peek() === ']') this.#at++;
    else
      do items.push(this.value());
      while (this.#more(']'));
    this.#budget.leave();
    return items;
  }

  #object(): PyroValue {
    this.#budget.enter();
    this.#at++;
    const dict = new DictBuilder();
    if (this.#peek() === '}') this.#at++;
    else
      do {
        if (this.#peek() !== '"') throw this.#unexpected('a key in double quotes');
        const key = this.#string();
        if (this.#peek() !== ':') throw this.#unexpected('a colon');
        this.#at++;
        dict.set(key, this.value());
      } while (this.#more('}'));
    this.#budget.leave();
    return dict.finish();
  }

  /** Steps over a comma (true) or the end of a container (false). */
  #more(end: string): boolean {
    const next = this.#peek();
    if (next !== ',' && next !== end) throw this.#unexpected(`a comma or ${end}`);
    this.#at++;
    return next === ',';
  }

  #string(): string {
    const begin = this.#at;
    let end = this.#text.indexOf('"', begin + 1);
    let hasEscapes = false;
    for (let from = begin + 1; ; ) {
      if (end === -1) throw this.#unexpected('text with its closing quote');
      if (this.#nextBackslash < from) {
        const found = this.#text.indexOf('\\', from);
        this.#nextBackslash = found === -1 ? this.#text.length : found;
      }
      if (this.#nextBackslash > end) break;
      hasEscapes = true;
      from = this.#nextBackslash + 2;
      if (end < from) end = this.#text.indexOf('"', from);
    }
    this.#at = end + 1;
    if (!hasEscapes) return this.#text.slice(begin + 1, end);
    try {
      return JSON.parse(this.#text.slice(begin, end + 1)) as string;
    } catch {
      this.#at = begin;
      throw this.#unexpected('text with good escapes');
    }
  }

  #number(): PyroValue | undefined {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text)?.[0];
    if (match === undefined) return undefined;
    this.#at += match.length;
    const number = Number(match);
    if (match.length < 16 || /[.eE]/.test(match)) return match === '-0' ? 0 : number;
    if (match.length > MAX_INTEGER_DIGITS)
      throw new LatchkeyError(
        'pyro/too-large',
        `an integer has ${match.length} digits, at most ${MAX_INTEGER_DIGITS} are read`,
      );
    return Number.isSafeInteger(number) ? number : BigInt(match);
  }

  #word(): PyroValue {
    WORD.lastIndex = this.#at;
    const word = WORD.exec(this.#text)?.[0] ?? '';
    const value = WORDS.get(word);
    if (value === undefined) throw this.#unexpected('a value');
    this.#at += word.length;
    return value;
  }

  #unexpected(wanted: string): LatchkeyError {
    const at = this.#at;
    const found = at >= this.#text.length ? 'the text ends' : `found ${quote(this.#text.slice(at, at + 20))}`;
    return new LatchkeyError('pyro/malformed', `json: expected ${wanted} at character ${at}, ${found}`);
  }
}
