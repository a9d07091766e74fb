/** One line of a configuration file that has tokens. */
export interface ConfigLine {
  /** From 1. */
  readonly number: number;
  readonly tokens: readonly string[];
  /** What the C server would read differently from what stands there. */
  readonly defect?: 'too-long' | 'unclosed-quote';
}

/** Longest line in bytes: the C server's buffer holds 1024 with the NUL, and a longer line is read as two. */
export const MAX_LINE_BYTES = 1023;

/**
 * Splits a `myproxy-server.config` into tokens exactly as the C server does: white space separates, double quotes
 * group, `\"` does not close a quote but no backslash is ever removed (so regular expressions survive), `#` at the
 * start of a token begins a comment. A quote that is not closed runs to the end of the line. CRs at line ends are dropped.
 */
export function tokenizeConfig(text: string): ConfigLine[] {
  const lines: ConfigLine[] = [];
  text.split('\n').forEach((raw, index) => {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const { tokens, unclosed } = tokenizeLine(line);
    // fgets counts the line feed too.
    const tooLong = Buffer.byteLength(line) + 1 > MAX_LINE_BYTES;
    if (tokens.length === 0 && !tooLong) return;
    lines.push({
      number: index + 1,
      tokens,
      ...(tooLong ? { defect: 'too-long' } : unclosed ? { defect: 'unclosed-quote' } : {}),
    });
  });
  return lines;
}

function tokenizeLine(line: string): { tokens: string[]; unclosed: boolean } {
  const tokens: string[] = [];
  for (let at = skipBlanks(line, 0); at < line.length && line[at] !== '#'; at = skipBlanks(line, at)) {
    if (line[at] !== '"') {
      const end = endOfWord(line, at);
      tokens.push(line.slice(at, end));
      at = end;
      continue;
    }
    const close = closingQuote(line, at + 1);
    tokens.push(line.slice(at + 1, close ?? line.length));
    if (close === undefined) return { tokens, unclosed: true };
    at = close + 1;
  }
  return { tokens, unclosed: false };
}

/** Index of the first quote from `from` on that no backslash precedes. `\\"` is no exception: the C code looks one back only. */
function closingQuote(line: string, from: number): number | undefined {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 1)) {
    if (line[at - 1] !== '\\') return at;
  }
  return undefined;
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (line[at] === ' ' || line[at] === '\t') at += 1;
  return at;
}

function endOfWord(line: string, from: number): number {
  let at = from;
  while (at < line.length && line[at] !== ' ' && line[at] !== '\t') at += 1;
  return at;
}
