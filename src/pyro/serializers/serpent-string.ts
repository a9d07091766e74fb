import { LatchkeyError } from '../../kit/index.ts';

/** Where the reading is, and where the next backslash is, so that text without any is found by searching, and each character is looked at once. */
export interface StringCursor {
  readonly text: string;
  at: number;
  nextBackslash: number;
}

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['\n', ''],
]);

/**
 * Reads a string literal of Python that begins at the cursor with its quote.
 *
 * @param prefix what stood before the quote, in lower case: `''`, `u`, `b`
 * @throws LatchkeyError `pyro/malformed`
 */
export function readStringLiteral(cursor: StringCursor, prefix: string): string | Uint8Array {
  if (prefix !== '' && prefix !== 'u' && prefix !== 'b')
    throw malformed(cursor, `literals with the prefix ${prefix} are not read`);
  const { text } = cursor;
  const quoteMark = text[cursor.at] ?? '';
  if (text.startsWith(quoteMark.repeat(3), cursor.at))
    throw malformed(cursor, 'text in triple quotes is not read');
  let from = cursor.at + 1;
  let end = text.indexOf(quoteMark, from);
  let result = '';
  for (;;) {
    if (end === -1) throw malformed(cursor, 'text without its closing quote');
    if (cursor.nextBackslash < from) {
      const found = text.indexOf('\\', from);
      cursor.nextBackslash = found === -1 ? text.length : found;
    }
    if (cursor.nextBackslash > end) break;
    const backslash = cursor.nextBackslash;
    result += text.slice(from, backslash);
    const sequence = readEscape(cursor, backslash, prefix === 'b');
    result += sequence.means;
    from = sequence.end;
    if (end < from) end = text.indexOf(quoteMark, from);
  }
  result += text.slice(from, end);
  const begin = cursor.at;
  cursor.at = end + 1;
  return prefix === 'b' ? bytesOf(cursor, text.slice(begin, end), result) : result;
}

function readEscape(cursor: StringCursor, at: number, inBytes: boolean): { means: string; end: number } {
  const { text } = cursor;
  const letter = text[at + 1] ?? '';
  const simple = SIMPLE.get(letter);
  if (simple !== undefined) return { means: simple, end: at + 2 };
  if (letter >= '0' && letter <= '7') {
    const digits = /^[0-7]{1,3}/.exec(text.slice(at + 1, at + 4))?.[0] ?? '0';
    return { means: String.fromCharCode(Number.parseInt(digits, 8)), end: at + 1 + digits.length };
  }
  const length = letter === 'x' ? 2 : inBytes ? 0 : letter === 'u' ? 4 : letter === 'U' ? 8 : 0;
  if (length === 0) {
    if (letter === 'N' && !inBytes) throw malformed(cursor, 'characters by name (\\N) are not read');
    // As Python: a backslash before anything else stands for itself.
    return { means: `\\${letter}`, end: at + 1 + letter.length };
  }
  const digits = text.slice(at + 2, at + 2 + length);
  const code = /^[0-9a-fA-F]+$/.test(digits) && digits.length === length ? Number.parseInt(digits, 16) : -1;
  if (code < 0 || code > 0x10ffff) throw malformed(cursor, `a bad \\${letter} escape`);
  return { means: String.fromCodePoint(code), end: at + 2 + length };
}

function bytesOf(cursor: StringCursor, source: string, characters: string): Uint8Array {
  if (/[\u0080-\uffff]/.test(source) || /[\u0100-\uffff]/.test(characters))
    throw malformed(cursor, 'a bytes literal holds characters beyond ASCII');
  return new Uint8Array(Buffer.from(characters, 'latin1'));
}

function malformed(cursor: StringCursor, what: string): LatchkeyError {
  return new LatchkeyError('pyro/malformed', `serpent text: ${what} at character ${cursor.at}`);
}
