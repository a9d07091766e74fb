import { type ByteSet, byteSet, isSpaceByte, isWordByte, parseBracket } from './ere-bracket.ts';
import { EreError } from './ere-error.ts';

/** Conditions on a position that consume nothing. */
export type Assertion = 'start' | 'end' | 'word-start' | 'word-end' | 'word-edge' | 'no-word-edge';

/** A parsed extended regular expression. */
export type EreNode =
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly nodes: readonly EreNode[] }
  | { readonly kind: 'choice'; readonly nodes: readonly EreNode[] }
  /** `max` may be `Infinity`. */
  | { readonly kind: 'repeat'; readonly node: EreNode; readonly min: number; readonly max: number };

const MAX_DEPTH = 100;
const MAX_REPEAT = 32_767;

const ANCHORS: Readonly<Record<string, Assertion>> = { '^': 'start', $: 'end' };
const ESCAPED_ASSERTIONS: Readonly<Record<string, Assertion>> = {
  '<': 'word-start',
  '>': 'word-end',
  b: 'word-edge',
  B: 'no-word-edge',
  '`': 'start',
  "'": 'end',
};
const ESCAPED_SETS: Readonly<Record<string, (byte: number) => boolean>> = {
  w: isWordByte,
  W: (byte) => !isWordByte(byte),
  s: isSpaceByte,
  S: (byte) => !isSpaceByte(byte),
};

/**
 * Parses a POSIX extended regular expression (POSIX.1-2017 §9.4) as glibc's `regcomp(REG_EXTENDED)` does in the C
 * locale: bytes, GNU's `\w` and `\<` family, a repeat with nothing before it is an error. Back-references are
 * refused, because no matcher of linear time has them.
 *
 * @throws EreError
 */
export function parseEre(pattern: Uint8Array): EreNode {
  let at = 0;
  const peek = () => (at < pattern.length ? String.fromCharCode(pattern[at] ?? 0) : '');

  function choice(depth: number): EreNode {
    if (depth > MAX_DEPTH) throw new EreError('nested too deeply');
    const nodes = [branch(depth)];
    while (peek() === '|') {
      at += 1;
      nodes.push(branch(depth));
    }
    return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { kind: 'choice', nodes };
  }

  function branch(depth: number): EreNode {
    const nodes: EreNode[] = [];
    // Outside every group glibc takes `)` for itself.
    while (at < pattern.length && peek() !== '|' && !(depth > 0 && peek() === ')')) nodes.push(piece(depth));
    return { kind: 'sequence', nodes };
  }

  function piece(depth: number): EreNode {
    const first = atom(depth);
    if (first.kind === 'assertion') return first;
    let node = first;
    for (let repeats = 0; ; repeats += 1) {
      const bounds = repeatBounds();
      if (bounds === undefined) return node;
      if (repeats === MAX_DEPTH) throw new EreError('repeated too often');
      node = { kind: 'repeat', node, ...bounds };
    }
  }

  function atom(depth: number): EreNode {
    const character = peek();
    const anchor = ANCHORS[character];
    if (anchor !== undefined) {
      at += 1;
      return { kind: 'assertion', assertion: anchor };
    }
    if (character === '(') {
      at += 1;
      const node = choice(depth + 1);
      if (peek() !== ')') throw new EreError('no closing parenthesis');
      at += 1;
      // A group stands for itself even when it holds one assertion: it may be repeated.
      return { kind: 'sequence', nodes: [node] };
    }
    if (character === '[') {
      const { set, next } = parseBracket(pattern, at);
      at = next;
      return { kind: 'set', set };
    }
    if ('*+?{'.includes(character)) throw new EreError('nothing to repeat');
    at += 1;
    if (character === '.') return { kind: 'set', set: ANY };
    return character === '\\' ? escaped() : literal(character);
  }

  function escaped(): EreNode {
    const character = peek();
    if (character === '') throw new EreError('trailing backslash');
    at += 1;
    if (/[1-9]/.test(character)) throw new EreError('back-reference');
    const assertion = Object.hasOwn(ESCAPED_ASSERTIONS, character)
      ? ESCAPED_ASSERTIONS[character]
      : undefined;
    if (assertion !== undefined) return { kind: 'assertion', assertion };
    const test = Object.hasOwn(ESCAPED_SETS, character) ? ESCAPED_SETS[character] : undefined;
    return test === undefined ? literal(character) : { kind: 'set', set: byteSet(test) };
  }

  function repeatBounds(): { min: number; max: number } | undefined {
    const character = peek();
    if (character === '*') return skip(0, Number.POSITIVE_INFINITY);
    if (character === '+') return skip(1, Number.POSITIVE_INFINITY);
    if (character === '?') return skip(0, 1);
    if (character !== '{') return undefined;
    const end = pattern.indexOf(0x7d, at);
    const text = Buffer.from(pattern.subarray(at + 1, end < 0 ? at + 1 : end)).toString('latin1');
    const match = /^(\d*)(,?)(\d*)$/.exec(text);
    const [, low = '', comma = '', high = ''] = match ?? [];
    if (match === null || (low === '' && comma === '')) throw new EreError('bad interval');
    const min = Number(low);
    const max = comma === '' ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high);
    if (min > max || min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY)) {
      throw new EreError('bad interval');
    }
    at = end + 1;
    return { min, max };
  }

  function skip(min: number, max: number): { min: number; max: number } {
    at += 1;
    return { min, max };
  }

  return choice(0);
}

/** One set a byte, shared by all expressions. */
const SINGLES: readonly ByteSet[] = Array.from({ length: 256 }, (_, code) =>
  byteSet((byte) => byte === code),
);
const ANY: ByteSet = byteSet((byte) => byte !== 0);

function literal(character: string): EreNode {
  return { kind: 'set', set: SINGLES[character.charCodeAt(0)] ?? ANY };
}
