/** One logical line of a Python file: joined where brackets or a backslash go on, without its comment. */
export interface PythonLine {
  /** Number of its first line, from 1. */
  readonly number: number;
  /** How far it is indented; a tab goes to the next multiple of eight. */
  readonly indent: number;
  readonly text: string;
}

/** Cuts a file into logical lines; empty ones are left out. */
export function pythonLines(source: string): readonly PythonLine[] {
  const lines: PythonLine[] = [];
  let text = '';
  let start = 1;
  let depth = 0;
  let number = 1;
  let closing = '';
  const end = () => {
    if (text.trim() !== '') lines.push({ number: start, indent: indentOf(text), text: text.trim() });
    text = '';
    start = number + 1;
  };
  for (let at = 0; at < source.length; at += 1) {
    const letter = source[at] ?? '';
    if (closing !== '') {
      if (letter === '\\') {
        text += letter + (source[at + 1] ?? '');
        if (source[at + 1] === '\n') number += 1;
        at += 1;
        continue;
      }
      if (source.startsWith(closing, at)) {
        text += closing;
        at += closing.length - 1;
        closing = '';
        continue;
      }
      // A string of one line that is not closed on it is no string: the line is not understood later.
      if (letter !== '\n' || closing.length === 3) {
        text += letter;
        if (letter === '\n') number += 1;
        continue;
      }
      closing = '';
    }
    if (letter === '#') {
      while (at + 1 < source.length && source[at + 1] !== '\n') at += 1;
    } else if (letter === '\\' && source[at + 1] === '\n') {
      at += 1;
      number += 1;
      text += ' ';
    } else if (letter === '\n') {
      if (depth > 0) text += ' ';
      else end();
      number += 1;
      if (depth === 0) start = number;
    } else if (letter === '"' || letter === "'") {
      closing = source.startsWith(letter.repeat(3), at) ? letter.repeat(3) : letter;
      text += closing;
      at += closing.length - 1;
    } else {
      if ('([{'.includes(letter)) depth += 1;
      if (')]}'.includes(letter)) depth = Math.max(0, depth - 1);
      if (letter !== '\r') text += letter;
    }
  }
  end();
  return lines;
}

function indentOf(text: string): number {
  let indent = 0;
  for (const letter of text) {
    if (letter === ' ') indent += 1;
    else if (letter === '\t') indent += 8 - (indent % 8);
    else break;
  }
  return indent;
}
