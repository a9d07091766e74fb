/**
 * The value of a constant expression as numbers and booleans are written in HTCondor's configuration: `(60 * 20)`, `1 > 0`, `TRUE`.
 *
 * @param text expanded; at most 1,000 characters and 50 levels
 * @returns undefined when it is not such an expression
 */
export function constantValue(text: string): number | boolean | undefined {
  if (text.length > 1_000) return undefined;
  const tokens = text.match(TOKENS) ?? [];
  if (tokens.join('') !== text.replace(/\s+/g, '')) return undefined;
  const reader: Reader = { tokens, at: 0, depth: 0 };
  const value = readBinary(reader, 0);
  return reader.at === tokens.length ? value : undefined;
}

const TOKENS = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z]+|&&|\|\||==|!=|<=|>=|[-+*/%()<>!]/g;

type Value = number | boolean | undefined;

interface Reader {
  readonly tokens: readonly string[];
  at: number;
  depth: number;
}

type Operator = (a: number, b: number) => number | boolean;

/** From loosest to tightest. Integers divide to integers, as in ClassAds. */
const LEVELS: readonly Readonly<Record<string, Operator>>[] = [
  { '||': (a, b) => a !== 0 || b !== 0 },
  { '&&': (a, b) => a !== 0 && b !== 0 },
  { '==': (a, b) => a === b, '!=': (a, b) => a !== b },
  { '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  {
    '*': (a, b) => a * b,
    '/': (a, b) => (Number.isInteger(a) && Number.isInteger(b) ? Math.trunc(a / b) : a / b),
    '%': (a, b) => a % b,
  },
];

function readBinary(reader: Reader, level: number): Value {
  const operators = LEVELS[level];
  if (operators === undefined) return readUnary(reader);
  let left = readBinary(reader, level + 1);
  for (;;) {
    const token = reader.tokens[reader.at] ?? '';
    const operator = Object.hasOwn(operators, token) ? operators[token] : undefined;
    if (operator === undefined || left === undefined) return left;
    reader.at += 1;
    const right = readBinary(reader, level + 1);
    if (right === undefined) return undefined;
    left = finite(operator(Number(left), Number(right)));
  }
}

function readUnary(reader: Reader): Value {
  const token = reader.tokens[reader.at];
  if (token === undefined || reader.depth > 50) return undefined;
  reader.at += 1;
  if (token === '-' || token === '+' || token === '!' || token === '(') {
    reader.depth += 1;
    const value = token === '(' ? readBinary(reader, 0) : readUnary(reader);
    reader.depth -= 1;
    if (value === undefined) return undefined;
    if (token === '!') return !value;
    if (token === '-') return -Number(value);
    if (token === '+') return Number(value);
    if (reader.tokens[reader.at] !== ')') return undefined;
    reader.at += 1;
    return value;
  }
  if (/^\d/.test(token)) return finite(Number(token));
  const word = token.toLowerCase();
  return Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
}

const WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  yes: true,
  y: true,
  false: false,
  f: false,
  no: false,
  n: false,
};

function finite(value: number | boolean): Value {
  return typeof value === 'boolean' || Number.isFinite(value) ? value : undefined;
}
