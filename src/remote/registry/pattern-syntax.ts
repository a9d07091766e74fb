import { LatchkeyError, quote } from '../../kit/index.ts';

/** A pattern, parsed. */
export type PatternNode =
  | { readonly kind: 'character'; readonly test: (character: string) => boolean }
  | { readonly kind: 'begin' | 'end' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly least: number; readonly most: number };

const MAX_REPEAT = 255;
const MAX_DEPTH = 20;

/**
 * Reads the part of Python's regular expressions that needs no backtracking: characters, `.`, classes, `\d \w \s` and their opposites,
 * groups, `|`, `* + ? {m,n}`, `^ $`.
 *
 * @throws LatchkeyError `remote/name-invalid`
 */
export function parsePattern(text: string): PatternNode {
  const parser = new Parser(text);
  const node = parser.choice(0);
  parser.expectEnd();
  return node;
}

const CLASSES: ReadonlyMap<string, RegExp> = new Map([
  ['d', /\p{Nd}/u],
  ['D', /\P{Nd}/u],
  ['w', /[\p{L}\p{N}_]/u],
  ['W', /[^\p{L}\p{N}_]/u],
  ['s', /\s/u],
  ['S', /\S/u],
]);

class Parser {
  readonly #text: string;
  readonly #characters: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#characters = Array.from(text);
  }

  choice(depth: number): PatternNode {
    if (depth > MAX_DEPTH) throw this.#bad('is nested too deep');
    const parts = [this.#sequence(depth)];
    while (this.#skip('|')) parts.push(this.#sequence(depth));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'choice', parts };
  }

  expectEnd(): void {
    if (this.#at < this.#characters.length) throw this.#bad('has an unexpected )');
  }

  #sequence(depth: number): PatternNode {
    const parts: PatternNode[] = [];
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek())
      parts.push(this.#repeated(this.#atom(depth)));
    return { kind: 'sequence', parts };
  }

  #repeated(part: PatternNode): PatternNode {
    const count = this.#count();
    if (count === undefined) return part;
    // Lazy or not makes no difference to whether it matches.
    this.#skip('?');
    if (this.#peek() === '*' || this.#peek() === '+' || this.#count() !== undefined)
      throw this.#bad('repeats a repetition');
    return { kind: 'repeat', part, least: count[0], most: count[1] };
  }

  #count(): readonly [number, number] | undefined {
    if (this.#skip('*')) return [0, Infinity];
    if (this.#skip('+')) return [1, Infinity];
    if (this.#skip('?')) return [0, 1];
    const match = /^\{(\d*)(,?)(\d*)\}/.exec(this.#characters.slice(this.#at, this.#at + 12).join(''));
    if (match === null || (match[1] === '' && match[2] === '')) return undefined;
    this.#at += match[0].length;
    const least = Number(match[1]);
    const most = match[2] === '' ? least : match[3] === '' ? Infinity : Number(match[3]);
    if (least > MAX_REPEAT || (most !== Infinity && most > MAX_REPEAT) || most < least)
      throw this.#bad('has a bad number of repetitions');
    return [least, most];
  }

  #atom(depth: number): PatternNode {
    const character = this.#next();
    switch (character) {
      case '.':
        return { kind: 'character', test: (c) => c !== '\n' };
      case '^':
        return { kind: 'begin' };
      case '$':
        return { kind: 'end' };
      case '(': {
        if (this.#skip('?') && !this.#skip(':')) throw this.#bad('has a group (?…) that is not understood');
        const inner = this.choice(depth + 1);
        if (!this.#skip(')')) throw this.#bad('has a group without its )');
        return inner;
      }
      case '[':
        return this.#set();
      case '\\':
        return { kind: 'character', test: this.#escape() };
      case '*':
      case '+':
      case '?':
        throw this.#bad('has nothing to repeat');
    }
    return { kind: 'character', test: (c) => c === character };
  }

  #set(): PatternNode {
    const isOpposite = this.#skip('^');
    const tests: ((character: string) => boolean)[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      const low = this.#next();
      if (low === '\\') tests.push(this.#escape());
      else if (this.#peek() === '-' && this.#characters[this.#at + 1] !== ']') {
        this.#at++;
        const high = this.#next();
        if (high === '\\' || high < low) throw this.#bad('has a bad range');
        tests.push((c) => c >= low && c <= high && [...c].length === 1);
      } else tests.push((c) => c === low);
    }
    this.#at++;
    return {
      kind: 'character',
      test: (c) => tests.some((test) => test(c)) !== isOpposite,
    };
  }

  #escape(): (character: string) => boolean {
    const letter = this.#next();
    const known = CLASSES.get(letter);
    if (known !== undefined) return (c) => known.test(c);
    if (/[A-Za-z0-9]/.test(letter)) throw this.#bad(`has \\${letter}, which is not understood`);
    return (c) => c === letter;
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #next(): string {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw this.#bad('ends too early');
    return character;
  }

  #skip(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #bad(why: string): LatchkeyError {
    return new LatchkeyError('remote/name-invalid', `invalid regex: ${quote(this.#text)} ${why}`, {
      hint: 'references, look-around and flags are not taken; use a prefix, or tags',
    });
  }
}
