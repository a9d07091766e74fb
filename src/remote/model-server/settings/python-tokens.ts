/** One token of a line of Python, as far as settings files need it. */
export interface PythonToken {
  readonly kind: 'name' | 'number' | 'string' | 'mark';
  /** The value of a string, the text of everything else. */
  readonly text: string;
}

const SPACE = /[ \t\f]+/y;
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const NUMBER =
  /(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y;
const STRING =
  /([rRuUbB]{0,2})("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*')/y;
const MARK = /\*\*|\/\/|==|!=|<=|>=|[-+*/%()[\]{}.,:=<>]/y;

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '0': '\0',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
};

/**
 * Cuts a logical line (no comment, no line end outside of brackets) into tokens.
 *
 * @returns undefined when something in it is not understood
 */
export function pythonTokens(line: string): readonly PythonToken[] | undefined {
  const tokens: PythonToken[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < line.length) {
    if (line[at] === '\n' || line[at] === '\r') at += 1;
    else if (take(SPACE) !== null) continue;
    else {
      const string = take(STRING);
      if (string !== null) {
        const [, prefix = '', quoted = ''] = string;
        tokens.push({ kind: 'string', text: stringValue(prefix, quoted) });
        continue;
      }
      const match = take(NAME);
      const number = match === null ? take(NUMBER) : null;
      const mark = match === null && number === null ? take(MARK) : null;
      const [text] = match ?? number ?? mark ?? [];
      if (text === undefined) return undefined;
      tokens.push({ kind: match !== null ? 'name' : number !== null ? 'number' : 'mark', text });
    }
  }
  return tokens;
}

function stringValue(prefix: string, quoted: string): string {
  const width = quoted.startsWith('"""') || quoted.startsWith("'''") ? 3 : 1;
  const inner = quoted.slice(width, -width);
  if (/r/i.test(prefix)) return inner;
  // What Python does not know after a backslash stays, with its backslash.
  return inner.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\s\S])/g, (all, code: string) =>
    code.length > 1
      ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
      : (ESCAPES[code] ?? unescaped(code, all)),
  );
}

function unescaped(code: string, all: string): string {
  return code === '\\' || code === "'" || code === '"' ? code : all;
}
