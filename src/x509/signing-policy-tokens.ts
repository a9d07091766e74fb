/** One word of a `.signing_policy` file. */
export interface PolicyToken {
  readonly text: string;
  /** Line where the word begins, from 1. */
  readonly line: number;
  /** True when the word begins with a quote that is never closed. */
  readonly isOpen: boolean;
}

/**
 * Splits a `.signing_policy` text into words: at white space, with `'…'` around words that hold blanks
 * (a backslash there makes the next character plain), and `#` at the start of a word commenting out the line.
 */
export function tokenizePolicy(text: string): PolicyToken[] {
  const tokens: PolicyToken[] = [];
  const next = /[^\s]+/g;
  let line = 1;
  let counted = 0;
  for (let match = next.exec(text); match !== null; match = next.exec(text)) {
    for (; counted < match.index; counted += 1) if (text.charCodeAt(counted) === 0x0a) line += 1;
    if (match[0].startsWith('#')) {
      const end = text.indexOf('\n', match.index);
      if (end < 0) break;
      next.lastIndex = end + 1;
    } else if (match[0].startsWith("'")) {
      const { word, end } = readQuoted(text, match.index + 1);
      tokens.push({ text: word, line, isOpen: end === undefined });
      // Characters glued to the closing quote belong to nothing: the C tools drop them too.
      next.lastIndex = Math.max(end ?? text.length, match.index + match[0].length);
    } else tokens.push({ text: match[0], line, isOpen: false });
  }
  return tokens;
}

function readQuoted(text: string, from: number): { word: string; end: number | undefined } {
  let word = '';
  for (let at = from; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === "'") return { word, end: at + 1 };
    if (character === '\\') at += 1;
    word += character === '\\' ? (text[at] ?? '') : character;
  }
  return { word, end: undefined };
}
