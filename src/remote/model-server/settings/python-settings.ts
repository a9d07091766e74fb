import type { Finding } from '../../../kit/index.ts';
import { isTrue, type PythonScope, type PythonValue, pythonValue } from './python-expression.ts';
import { type PythonLine, pythonLines } from './python-lines.ts';
import { type PythonToken, pythonTokens } from './python-tokens.ts';

/** What a settings file written in Python assigns. */
export interface PythonSettings {
  /** By name; attributes by their path, `Pyro4.config.SERIALIZER`. Absent value = could not be known. */
  readonly values: ReadonlyMap<string, { readonly value: PythonValue | undefined; readonly line: number }>;
  /** What was passed over, and matters. */
  readonly findings: readonly Finding[];
}

/** What the reader may know of the machine. */
export interface PythonSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `sys.platform` of Python: `linux`, `darwin`, `win32`. */
  readonly platform: string;
  /** What is known before the file begins: `mode`. */
  readonly given?: Readonly<Record<string, PythonValue>>;
}

const MAX_BYTES = 1 << 18;

/**
 * Reads a settings file written in Python **without running it**: assignments of literals, tuples, lists, `range`, `os.getenv`,
 * and `if`/`elif`/`else` whose condition can be known. Everything else has no value; imports and calls are passed over.
 */
export function readPythonSettings(source: string, surroundings: PythonSurroundings): PythonSettings {
  if (source.length > MAX_BYTES) {
    const message = `the file has ${source.length} characters; settings have ${MAX_BYTES} at most`;
    return { values: new Map(), findings: [{ code: 'settings-too-large', message }] };
  }
  return new StatementReader(pythonLines(source), surroundings).read();
}

class StatementReader {
  readonly #lines: readonly PythonLine[];
  readonly #scope: PythonScope;
  readonly #values = new Map<string, { value: PythonValue | undefined; line: number }>();
  readonly #findings: Finding[] = [];
  #at = 0;

  constructor(lines: readonly PythonLine[], { env, platform, given = {} }: PythonSurroundings) {
    this.#lines = lines;
    const variable = (name: string) =>
      this.#values.has(name)
        ? this.#values.get(name)?.value
        : Object.hasOwn(given, name)
          ? given[name]
          : undefined;
    this.#scope = { env, platform, variable };
  }

  read(): PythonSettings {
    this.#block(-1, true);
    return { values: this.#values, findings: this.#findings };
  }

  /** Statements that are indented deeper than `outer`; those of a branch that is not taken are passed over. */
  #block(outer: number, isTaken: boolean): void {
    for (let line = this.#lines[this.#at]; line !== undefined; line = this.#lines[this.#at]) {
      if (line.indent <= outer) return;
      this.#at += 1;
      const compound = /^(if|elif|else|for|while|def|class|with|try|except|finally)\b/.exec(line.text)?.[1];
      if (compound === 'if') this.#branches(line, isTaken);
      else if (compound !== undefined) this.#passOver(line, compound, isTaken);
      else if (isTaken) for (const text of splitStatements(line.text)) this.#statement(text, line.number);
    }
  }

  #branches(first: PythonLine, isTaken: boolean): void {
    let isOpen = isTaken;
    for (let line: PythonLine | undefined = first; line !== undefined; ) {
      const { keyword, condition, suite } = headOf(line.text);
      const value = keyword === 'else' ? true : this.#value(condition);
      if (value === undefined && isOpen)
        this.#find(
          'settings-condition',
          line.number,
          `whether "${line.text}" holds cannot be known without running it: no branch of it is read`,
        );
      const isThis = isOpen && value !== undefined && isTrue(value);
      // After a condition that is not known, no branch is safe to take.
      if (isThis || value === undefined) isOpen = false;
      if (suite !== '') {
        if (isThis) for (const text of splitStatements(suite)) this.#statement(text, line.number);
      } else this.#block(line.indent, isThis);
      const next: PythonLine | undefined = this.#lines[this.#at];
      line = next?.indent === first.indent && /^(elif|else)\b/.test(next.text) ? next : undefined;
      if (line !== undefined) this.#at += 1;
    }
  }

  #passOver(line: PythonLine, keyword: string, isTaken: boolean): void {
    if (isTaken && keyword !== 'try' && keyword !== 'finally' && keyword !== 'except')
      this.#find(
        'settings-skipped',
        line.number,
        `"${keyword}" is not read: settings are assignments, nothing is run`,
      );
    // What is tried is what usually holds; what is done when it fails is not.
    this.#block(line.indent, isTaken && (keyword === 'try' || keyword === 'finally'));
  }

  #statement(text: string, line: number): void {
    const tokens = pythonTokens(text);
    if (tokens === undefined) {
      this.#find('settings-not-understood', line, 'this line is not understood');
      return;
    }
    const equals = topLevelEquals(tokens);
    if (equals === -1) return;
    const value = pythonValue(withoutOuterCommas(tokens.slice(equals + 1)), this.#scope);
    const name = tokens
      .slice(0, equals)
      .map((token) => token.text)
      .join('');
    if (/^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name)) this.#values.set(name, { value, line });
  }

  #value(text: string): PythonValue | undefined {
    const tokens = pythonTokens(text);
    return tokens === undefined ? undefined : pythonValue(tokens, this.#scope);
  }

  #find(code: string, index: number, message: string): void {
    if (this.#findings.length < 100) this.#findings.push({ code, message, index });
  }
}

/** `if (a): b` → `a` and `b`. The colon that ends the head is the first outside of brackets and strings. */
function headOf(text: string): {
  readonly keyword: string;
  readonly condition: string;
  readonly suite: string;
} {
  const [, keyword = '', rest = ''] = /^(\w+)([\s\S]*)$/.exec(text) ?? [];
  const at = outside(rest, ':');
  const end = at === -1 ? rest.length : at;
  return { keyword, condition: rest.slice(0, end).trim(), suite: rest.slice(end + 1).trim() };
}

function splitStatements(text: string): readonly string[] {
  const at = outside(text, ';');
  return at === -1 ? [text] : [text.slice(0, at), ...splitStatements(text.slice(at + 1))];
}

/** Where `mark` stands outside of brackets and strings. */
function outside(text: string, mark: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (letter === '"' || letter === "'") {
      const closing = text.startsWith(letter.repeat(3), at) ? letter.repeat(3) : letter;
      at += closing.length;
      while (at < text.length && !text.startsWith(closing, at)) at += text[at] === '\\' ? 2 : 1;
      at += closing.length - 1;
    } else if ('([{'.includes(letter)) depth += 1;
    else if (')]}'.includes(letter)) depth -= 1;
    else if (letter === mark && depth === 0) return at;
  }
  return -1;
}

function topLevelEquals(tokens: readonly PythonToken[]): number {
  let depth = 0;
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== 'mark') continue;
    if ('([{'.includes(text)) depth += 1;
    else if (')]}'.includes(text)) depth -= 1;
    else if (text === '=' && depth === 0) return at;
  }
  return -1;
}

/** `a = 1, 2` is a tuple as well. */
function withoutOuterCommas(tokens: readonly PythonToken[]): readonly PythonToken[] {
  let depth = 0;
  for (const { kind, text } of tokens) {
    if (kind !== 'mark') continue;
    if ('([{'.includes(text)) depth += 1;
    else if (')]}'.includes(text)) depth -= 1;
    else if (text === ',' && depth === 0) {
      const bracket = (mark: string): PythonToken => ({ kind: 'mark', text: mark });
      return [bracket('('), ...tokens, bracket(')')];
    }
  }
  return tokens;
}
