import { EreError } from './ere-error.ts';

/** Which of the 256 byte values match. */
export type ByteSet = Uint8Array;

/** A set of the bytes for which `test` holds. */
export function byteSet(test: (byte: number) => boolean): ByteSet {
  return Uint8Array.from({ length: 256 }, (_, byte) => (test(byte) ? 1 : 0));
}

const between = (low: string, high: string) => (byte: number) =>
  byte >= low.charCodeAt(0) && byte <= high.charCodeAt(0);
const digit = between('0', '9');
const upper = between('A', 'Z');
const lower = between('a', 'z');
const alpha = (byte: number) => upper(byte) || lower(byte);
const alnum = (byte: number) => alpha(byte) || digit(byte);
const graph = between('!', '~');

/** True for what `\w` matches. */
export const isWordByte = (byte: number): boolean => alnum(byte) || byte === 0x5f;
/** True for what `\s` matches. */
export const isSpaceByte = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

const CLASSES: Readonly<Record<string, (byte: number) => boolean>> = {
  alnum,
  alpha,
  blank: (byte) => byte === 0x20 || byte === 0x09,
  cntrl: (byte) => byte < 0x20 || byte === 0x7f,
  digit,
  graph,
  lower,
  print: (byte) => byte === 0x20 || graph(byte),
  punct: (byte) => graph(byte) && !alnum(byte),
  space: isSpaceByte,
  upper,
  xdigit: (byte) => digit(byte) || between('a', 'f')(byte) || between('A', 'F')(byte),
};

const OPEN = 0x5b;
const CLOSE = 0x5d;
const HYPHEN = 0x2d;
const CARET = 0x5e;

/**
 * Reads a bracket expression (POSIX.1-2017 §9.3.5, C locale) whose `[` is at `start`. A hyphen that is neither first,
 * last nor the end of a range is an error, as with glibc.
 *
 * @throws EreError
 */
export function parseBracket(pattern: Uint8Array, start: number): { set: ByteSet; next: number } {
  let at = start + 1;
  const isNegated = pattern[at] === CARET;
  if (isNegated) at += 1;
  const members = new Uint8Array(256);
  for (let isFirst = true; ; isFirst = false) {
    if (pattern[at] === CLOSE && !isFirst) break;
    if (pattern[at] === HYPHEN && !isFirst && pattern[at + 1] !== CLOSE) throw new EreError('stray hyphen');
    const low = parseElement(pattern, at);
    at = low.next;
    if (typeof low.value === 'function') {
      for (let byte = 0; byte < 256; byte += 1) if (low.value(byte)) members[byte] = 1;
      continue;
    }
    let last = low.value;
    if (low.mayStartRange && pattern[at] === HYPHEN && pattern[at + 1] !== CLOSE) {
      const high = parseElement(pattern, at + 1);
      if (typeof high.value === 'function' || !high.mayStartRange) throw new EreError('class in a range');
      if (high.value < low.value) throw new EreError('empty range');
      last = high.value;
      at = high.next;
    }
    members.fill(1, low.value, last + 1);
  }
  const set = byteSet((byte) => (members[byte] === 1) !== isNegated);
  return { set, next: at + 1 };
}

interface Element {
  readonly value: number | ((byte: number) => boolean);
  readonly mayStartRange: boolean;
  readonly next: number;
}

function parseElement(pattern: Uint8Array, at: number): Element {
  const byte = pattern[at];
  if (byte === undefined) throw new EreError('no closing bracket');
  const kind = byte === OPEN ? String.fromCharCode(pattern[at + 1] ?? 0) : '';
  if (kind !== ':' && kind !== '=' && kind !== '.') return { value: byte, mayStartRange: true, next: at + 1 };
  const end = Buffer.from(pattern).indexOf(`${kind}]`, at + 2, 'latin1');
  if (end < 0 || end > at + 32) throw new EreError('no end of a class');
  const name = Buffer.from(pattern.subarray(at + 2, end)).toString('latin1');
  if (kind === ':') {
    const test = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
    if (test === undefined) throw new EreError('unknown class');
    return { value: test, mayStartRange: false, next: end + 2 };
  }
  if (name.length !== 1) throw new EreError('unknown collating element');
  return { value: name.charCodeAt(0), mayStartRange: kind === '.', next: end + 2 };
}
