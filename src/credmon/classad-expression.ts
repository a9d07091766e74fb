import { LatchkeyError, quote } from '../kit/index.ts';

/**
 * The part of the ClassAd language that `AUTHZ_TEMPLATE_EXPR` may use: strings, integers, `true`, `false`, the attribute `Username`,
 * `==` `!=` (without regard to case) `=?=` `=!=` (exact) `&&` `||` `!` `? :`, parentheses, and the functions
 * `strcat`, `ifThenElse`, `toLower`, `toUpper`, `stringListMember`. Anything else is an error when the configuration is read.
 */
export type Expression =
  | { readonly kind: 'literal'; readonly value: ExpressionValue }
  | { readonly kind: 'attribute'; readonly name: string }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly args: readonly Expression[] };

/** What an expression gives. */
export type ExpressionValue = string | number | boolean;

const MAX_LENGTH = 10_000;
const MAX_DEPTH = 50;
const ATTRIBUTES = ['username'];

/**
 * Parses an expression of the subset.
 *
 * @param text at most 10,000 characters, nested at most 50 deep
 * @throws LatchkeyError `config/malformed` saying what is not understood and where
 */
export function parseExpression(text: string): Expression {
  if (text.length > MAX_LENGTH) throw malformed('it is longer than 10,000 characters');
  const tokens = tokenize(text);
  const reader: Reader = { tokens, at: 0, depth: 0 };
  const expression = readChoice(reader);
  const rest = reader.tokens[reader.at];
  if (rest !== undefined) throw malformed(`${quote(rest.text)} is not expected at ${rest.at + 1}`);
  return expression;
}

/**
 * The value of an expression. Both branches of a choice are not evaluated, only the one taken.
 *
 * @throws LatchkeyError `config/invalid` when a function gets what it cannot use
 */
export function evaluateExpression(
  expression: Expression,
  attributes: Readonly<Record<'Username', string>>,
): ExpressionValue {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'attribute':
      return attributes.Username;
    case 'call':
      return FUNCTIONS[expression.name].apply(
        expression.args.map((one) => () => evaluateExpression(one, attributes)),
      );
  }
}

type Lazy = () => ExpressionValue;

interface FunctionRule {
  readonly least: number;
  readonly most: number;
  readonly apply: (args: readonly Lazy[]) => ExpressionValue;
}

type FunctionName =
  | 'strcat'
  | 'ifthenelse'
  | 'tolower'
  | 'toupper'
  | 'stringlistmember'
  | '=='
  | '!='
  | '=?='
  | '=!='
  | '&&'
  | '||'
  | '!';

const FUNCTIONS: Readonly<Record<FunctionName, FunctionRule>> = {
  strcat: { least: 0, most: 100, apply: (args) => args.map((one) => String(one())).join('') },
  ifthenelse: { least: 3, most: 3, apply: ([test, yes, no]) => value(truth(test) ? yes : no) },
  tolower: { least: 1, most: 1, apply: ([one]) => String(value(one)).toLowerCase() },
  toupper: { least: 1, most: 1, apply: ([one]) => String(value(one)).toUpperCase() },
  stringlistmember: {
    least: 2,
    most: 2,
    apply: ([item, list]) =>
      String(value(list))
        .split(/[\s,]+/)
        .includes(String(value(item))),
  },
  '==': { least: 2, most: 2, apply: ([a, b]) => isSame(value(a), value(b)) },
  '!=': { least: 2, most: 2, apply: ([a, b]) => !isSame(value(a), value(b)) },
  '=?=': { least: 2, most: 2, apply: ([a, b]) => value(a) === value(b) },
  '=!=': { least: 2, most: 2, apply: ([a, b]) => value(a) !== value(b) },
  '&&': { least: 2, most: 2, apply: ([a, b]) => truth(a) && truth(b) },
  '||': { least: 2, most: 2, apply: ([a, b]) => truth(a) || truth(b) },
  '!': { least: 1, most: 1, apply: ([one]) => !truth(one) },
};

function value(one: Lazy | undefined): ExpressionValue {
  return one === undefined ? '' : one();
}

function truth(one: Lazy | undefined): boolean {
  const result = value(one);
  if (typeof result === 'boolean') return result;
  if (typeof result === 'number') return result !== 0;
  throw new LatchkeyError('config/invalid', 'the expression takes a string for true or false');
}

function isSame(a: ExpressionValue, b: ExpressionValue): boolean {
  return typeof a === 'string' && typeof b === 'string' ? a.toLowerCase() === b.toLowerCase() : a === b;
}

interface Token {
  readonly kind: 'text' | 'number' | 'name' | 'operator';
  readonly text: string;
  readonly at: number;
}

interface Reader {
  readonly tokens: readonly Token[];
  at: number;
  depth: number;
}

const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*")|(\d{1,15})(?![\w.])|([A-Za-z_][A-Za-z0-9_]*)|(=\?=|=!=|==|!=|&&|\|\||[!?:(),]))/y;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  let at = 0;
  while (at < end) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) throw malformed(`${quote(text.slice(at).trim(), 30)} is not understood`);
    const [whole, string, number, name, operator] = match;
    const start = at + whole.length - (string ?? number ?? name ?? operator ?? '').length;
    if (string !== undefined) tokens.push({ kind: 'text', text: unescaped(string.slice(1, -1)), at: start });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, at: start });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, at: start });
    else tokens.push({ kind: 'operator', text: operator ?? '', at: start });
    at += whole.length;
  }
  return tokens;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\', "'": "'" };

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_, letter: string) => {
    const meant = ESCAPES[letter];
    if (meant === undefined) throw malformed(`${quote(`\\${letter}`)} in a string is not understood`);
    return meant;
  });
}

function readChoice(reader: Reader): Expression {
  return nested(reader, () => {
    const test = readBinary(reader, 0);
    if (!accept(reader, '?')) return test;
    const yes = readChoice(reader);
    expect(reader, ':');
    return { kind: 'call', name: 'ifthenelse', args: [test, yes, readChoice(reader)] };
  });
}

const LEVELS: readonly (readonly FunctionName[])[] = [['||'], ['&&'], ['==', '!=', '=?=', '=!=']];

function readBinary(reader: Reader, level: number): Expression {
  const operators = LEVELS[level];
  if (operators === undefined) return readUnary(reader);
  let left = readBinary(reader, level + 1);
  for (;;) {
    const name = operators.find((one) => accept(reader, one));
    if (name === undefined) return left;
    left = { kind: 'call', name, args: [left, readBinary(reader, level + 1)] };
  }
}

function readUnary(reader: Reader): Expression {
  if (accept(reader, '!'))
    return { kind: 'call', name: '!', args: [nested(reader, () => readUnary(reader))] };
  if (accept(reader, '(')) {
    const inner = readChoice(reader);
    expect(reader, ')');
    return inner;
  }
  const token = reader.tokens[reader.at];
  if (token === undefined) throw malformed('it ends too early');
  reader.at += 1;
  if (token.kind === 'text') return { kind: 'literal', value: token.text };
  if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) };
  if (token.kind === 'operator') throw malformed(`${quote(token.text)} is not expected at ${token.at + 1}`);
  return accept(reader, '(') ? readCall(reader, token) : readName(token);
}

function readName({ text }: Token): Expression {
  const name = text.toLowerCase();
  if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true' };
  if (ATTRIBUTES.includes(name)) return { kind: 'attribute', name };
  throw malformed(`there is no attribute ${quote(text)}, only Username`);
}

function readCall(reader: Reader, { text }: Token): Expression {
  const known = text.toLowerCase();
  if (!isFunction(known)) {
    const names = 'strcat, ifThenElse, toLower, toUpper and stringListMember';
    throw malformed(`the function ${quote(text)} is not understood, only ${names}`);
  }
  const args: Expression[] = [];
  if (!accept(reader, ')')) {
    do args.push(readChoice(reader));
    while (accept(reader, ','));
    expect(reader, ')');
  }
  const { least, most } = FUNCTIONS[known];
  if (args.length < least || args.length > most)
    throw malformed(
      `the function ${text} takes ${least === most ? least : `${least} to ${most}`} arguments, not ${args.length}`,
    );
  return { kind: 'call', name: known, args };
}

function isFunction(name: string): name is FunctionName {
  return Object.hasOwn(FUNCTIONS, name);
}

function accept(reader: Reader, operator: string): boolean {
  const token = reader.tokens[reader.at];
  if (token?.kind !== 'operator' || token.text !== operator) return false;
  reader.at += 1;
  return true;
}

function expect(reader: Reader, operator: string): void {
  if (accept(reader, operator)) return;
  const found = reader.tokens[reader.at];
  throw malformed(
    found === undefined
      ? `${quote(operator)} is missing at its end`
      : `expected ${quote(operator)} at ${found.at + 1}`,
  );
}

function nested(reader: Reader, read: () => Expression): Expression {
  reader.depth += 1;
  if (reader.depth > MAX_DEPTH) throw malformed('it is nested too deep');
  const expression = read();
  reader.depth -= 1;
  return expression;
}

function malformed(what: string): LatchkeyError {
  return new LatchkeyError('config/malformed', `an authorization expression that cannot be used: ${what}`, {
    hint: 'docs/credmon-configuration.md lists what is understood; AUTHZ_TEMPLATE and AUTHZ_GROUP_TEMPLATE may do instead',
  });
}
