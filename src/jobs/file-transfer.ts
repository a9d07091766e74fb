import { LatchkeyError, quote } from '../kit/index.ts';

/** One file that goes to the job before it runs, or comes from it after its end. */
export interface FileTransfer {
  readonly local: string;
  readonly remote: string;
  /** `in` = to the job. */
  readonly direction: 'in' | 'out';
  /** To what is there already, instead of replacing it. */
  readonly append: boolean;
}

const OPERATORS: Readonly<Record<string, Pick<FileTransfer, 'direction' | 'append'>>> = {
  '>': { direction: 'in', append: false },
  '>>': { direction: 'in', append: true },
  '<': { direction: 'out', append: false },
  '<<': { direction: 'out', append: true },
};

const HINT =
  'such as "input.dat > data/input.dat", "result < out/result", with quotes around names that have blanks';

/**
 * Reads a directive of SAGA (GFD.90 §4.1.3): `local OP remote`, OP one of `>` `>>` `<` `<<`. A name with blanks, quotes or
 * angles is put in double quotes, with `\"` and `\\` in it.
 *
 * @throws LatchkeyError `jobs/description`
 */
export function parseFileTransfer(text: string): FileTransfer {
  const scanner = { text, at: 0 };
  const local = name(scanner);
  const operator = /^[<>]*/.exec(text.slice(scanner.at))?.[0] ?? '';
  scanner.at += operator.length;
  const meaning = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (meaning === undefined)
    throw refused(text, operator === '' ? 'has no operator' : `has no operator "${operator}"`);
  const remote = name(scanner);
  if (scanner.at !== text.length) throw refused(text, 'goes on after the second name');
  return { local, remote, ...meaning };
}

interface Scanner {
  readonly text: string;
  at: number;
}

function name(scanner: Scanner): string {
  const { text } = scanner;
  skipBlanks(scanner);
  let found = '';
  if (text[scanner.at] === '"') {
    const [all, inner] = /^"((?:[^"\\]|\\["\\])*)"/s.exec(text.slice(scanner.at)) ?? [];
    if (all === undefined || inner === undefined)
      throw refused(text, 'has a quote that does not end, or a "\\" before something else');
    scanner.at += all.length;
    found = inner.replace(/\\(["\\])/g, '$1');
  } else {
    const [bare = ''] = /^[^\s"<>]+/.exec(text.slice(scanner.at)) ?? [];
    scanner.at += bare.length;
    if (bare.endsWith('-') && text[scanner.at] === '>')
      throw refused(text, 'has an arrow "->", which is no operator');
    found = bare;
  }
  skipBlanks(scanner);
  if (found === '') throw refused(text, 'lacks a file name');
  if (found.includes('\0')) throw refused(text, 'has a NUL in a file name');
  return found;
}

function skipBlanks(scanner: Scanner): void {
  scanner.at += /^[ \t]*/.exec(scanner.text.slice(scanner.at))?.[0].length ?? 0;
}

function refused(text: string, why: string): LatchkeyError {
  return new LatchkeyError('jobs/description', `the file transfer ${quote(text)} ${why}`, { hint: HINT });
}
