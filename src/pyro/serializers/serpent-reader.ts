import { LatchkeyError, quote } from '../../kit/index.ts';
import { DecodeBudget, type DecodeLimits, MAX_INTEGER_DIGITS } from '../decode-budget.ts';
import { DictBuilder } from '../dict-builder.ts';
import { isPyroDict, PyComplex, type PyroValue } from '../value.ts';
import { readStringLiteral, type StringCursor } from './serpent-string.ts';

/**
 * Reads serpent's text: the literals of Python that `ast.literal_eval` takes (numbers, text and bytes on one line, None, True, False,
 * lists, tuples, sets, dicts), in one pass. A dict `{'data': …, 'encoding': 'base64'}` is bytes, `{'__class__': 'float', …}` a number.
 *
 * @throws LatchkeyError `pyro/malformed`, `pyro/too-large`
 */
export function readSerpent(bytes: Uint8Array, limits?: DecodeLimits): PyroValue {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LatchkeyError('pyro/malformed', 'serpent text is not UTF-8', { cause });
  }
  const reader = new SerpentReader(text, new DecodeBudget(limits));
  const value = reader.value();
  reader.expectEnd();
  return value;
}

const [TAB, NEWLINE, RETURN, FORM_FEED, SPACE, HASH] = [9, 10, 13, 12, 32, 35];
const [DOUBLE, SINGLE, OPEN, CLOSE, PLUS, COMMA, MINUS, DOT] = [34, 39, 40, 41, 43, 44, 45, 46];
const [ZERO, NINE, COLON, LIST, END_LIST, DICT, END_DICT] = [48, 57, 58, 91, 93, 123, 125];

const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?j?/y;
const WORD = /[A-Za-z_]\w*/y;
const WORDS: ReadonlyMap<string, PyroValue> = new Map<string, PyroValue>([
  ['None', null],
  ['True', true],
  ['False', false],
]);

class SerpentReader {
  readonly #text: string;
  readonly #budget: DecodeBudget;
  readonly #cursor: StringCursor;

  constructor(text: string, budget: DecodeBudget) {
    this.#text = text;
    this.#budget = budget;
    this.#cursor = { text, at: 0, nextBackslash: -1 };
  }

  value(): PyroValue {
    this.#budget.count();
    const code = this.#peek();
    if (code === SINGLE || code === DOUBLE) return readStringLiteral(this.#cursor, '');
    if (code >= ZERO && code <= NINE) return this.#number(1);
    switch (code) {
      case DICT:
        return this.#dictOrSet();
      case OPEN:
        return this.#tuple();
      case LIST:
        this.#cursor.at++;
        return this.#items(END_LIST, []);
      case MINUS:
      case PLUS:
        this.#cursor.at++;
        this.#peek();
        return this.#number(code === MINUS ? -1 : 1);
      case DOT:
        return this.#number(1);
    }
    return this.#word();
  }

  expectEnd(): void {
    if (!Number.isNaN(this.#peek())) throw this.#unexpected('the end');
  }

  /** The code of the next character that means something; NaN at the end. */
  #peek(): number {
    const text = this.#text;
    const cursor = this.#cursor;
    for (;;) {
      const code = text.charCodeAt(cursor.at);
      if (code === SPACE || code === NEWLINE || code === TAB || code === RETURN || code === FORM_FEED)
        cursor.at++;
      else if (code === HASH) {
        const end = text.indexOf('\n', cursor.at);
        cursor.at = end === -1 ? text.length : end + 1;
      } else return code;
    }
  }

  #items(end: number, items: PyroValue[]): PyroValue[] {
    this.#budget.enter();
    for (;;) {
      if (this.#peek() === end) break;
      items.push(this.value());
      const next = this.#peek();
      if (next === COMMA) this.#cursor.at++;
      else if (next !== end) throw this.#unexpected(`a comma or ${String.fromCharCode(end)}`);
    }
    this.#cursor.at++;
    this.#budget.leave();
    return items;
  }

  /** A tuple, a complex number, or a value in parentheses: only a comma makes a tuple. */
  #tuple(): PyroValue {
    this.#cursor.at++;
    if (this.#peek() === CLOSE) return this.#items(CLOSE, []);
    this.#budget.enter();
    const first = this.value();
    const next = this.#peek();
    this.#budget.leave();
    if (next === COMMA) {
      this.#cursor.at++;
      return this.#items(CLOSE, [first]);
    }
    const value = next === PLUS || next === MINUS ? this.#complex(first) : first;
    if (this.#peek() !== CLOSE) throw this.#unexpected('a comma or )');
    this.#cursor.at++;
    return value;
  }

  #complex(real: PyroValue): PyComplex {
    const imaginary = this.value();
    if ((typeof real !== 'number' && typeof real !== 'bigint') || !(imaginary instanceof PyComplex))
      throw this.#unexpected('a complex number');
    return new PyComplex(Number(real), imaginary.imaginary);
  }

  #dictOrSet(): PyroValue {
    this.#cursor.at++;
    this.#budget.enter();
    if (this.#peek() === END_DICT) {
      this.#cursor.at++;
      this.#budget.leave();
      return {};
    }
    const first = this.value();
    const isDict = this.#peek() === COLON;
    if (!isDict) {
      if (this.#peek() === COMMA) this.#cursor.at++;
      else if (this.#peek() !== END_DICT) throw this.#unexpected('a comma, colon or }');
      const set = new Set(this.#items(END_DICT, [first]));
      this.#budget.leave();
      return set;
    }
    const dict = new DictBuilder();
    let key = first;
    for (;;) {
      if (this.#peek() !== COLON) throw this.#unexpected('a colon');
      this.#cursor.at++;
      dict.set(key, this.value());
      if (this.#peek() === COMMA) this.#cursor.at++;
      else if (this.#peek() !== END_DICT) throw this.#unexpected('a comma or }');
      if (this.#peek() === END_DICT) break;
      key = this.value();
    }
    this.#cursor.at++;
    this.#budget.leave();
    return meantByDict(dict.finish());
  }

  #number(sign: 1 | -1): PyroValue {
    NUMBER.lastIndex = this.#cursor.at;
    const match = NUMBER.exec(this.#text)?.[0];
    if (match === undefined) throw this.#unexpected('a number');
    this.#cursor.at += match.length;
    if (match.endsWith('j')) return new PyComplex(0, sign * Number(match.slice(0, -1)));
    const number = sign * Number(match);
    if (match.length < 16 || /[.eE]/.test(match)) {
      // -0 is the integer 0 in Python, -0.0 is not.
      return number === 0 && !/[.eE]/.test(match) ? 0 : number;
    }
    if (match.length > MAX_INTEGER_DIGITS)
      throw new LatchkeyError(
        'pyro/too-large',
        `an integer has ${match.length} digits, at most ${MAX_INTEGER_DIGITS} are read`,
      );
    return Number.isSafeInteger(number) ? number : BigInt(sign) * BigInt(match);
  }

  #word(): PyroValue {
    WORD.lastIndex = this.#cursor.at;
    const word = WORD.exec(this.#text)?.[0];
    if (word === undefined) throw this.#unexpected('a value');
    const next = this.#text.charCodeAt(this.#cursor.at + word.length);
    if (word.length <= 2 && (next === SINGLE || next === DOUBLE)) {
      this.#cursor.at += word.length;
      return readStringLiteral(this.#cursor, word.toLowerCase());
    }
    const value = WORDS.get(word);
    if (value === undefined) throw this.#unexpected('a value');
    this.#cursor.at += word.length;
    return value;
  }

  #unexpected(wanted: string): LatchkeyError {
    const { at } = this.#cursor;
    const found = at >= this.#text.length ? 'the text ends' : `found ${quote(this.#text.slice(at, at + 20))}`;
    return new LatchkeyError(
      'pyro/malformed',
      `serpent text: expected ${wanted} at character ${at}, ${found}`,
    );
  }
}

/** The value that serpent writes as a dict: bytes and NaN. */
function meantByDict(dict: PyroValue): PyroValue {
  if (!isPyroDict(dict)) return dict;
  if (dict.encoding === 'base64' && isBase64(dict.data) && Object.keys(dict).length === 2)
    return new Uint8Array(Buffer.from(dict.data, 'base64'));
  if (dict.__class__ === 'float' && dict.value === 'nan') return Number.NaN;
  return dict;
}

function isBase64(value: PyroValue | undefined): value is string {
  return typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}
