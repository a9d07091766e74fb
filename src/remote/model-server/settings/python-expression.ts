import { posix } from 'node:path';
import type { PythonToken } from './python-tokens.ts';

/** A value of a settings file. Tuples, lists and sets are arrays. */
export type PythonValue = string | number | boolean | null | readonly PythonValue[];

/** What an expression may look at. Nothing is ever run: a call that is not in the list below has no value. */
export interface PythonScope {
  /** Assigned before; undefined = unknown, or has no value. */
  variable(name: string): PythonValue | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `sys.platform` is. */
  readonly platform: string;
}

const MAX_ELEMENTS = 65_536;
const MAX_DEPTH = 20;
/** A text that is put together out of itself, line by line, doubles with each. */
const MAX_TEXT = 1 << 20;

/** Calls whose value can be known without running anything. */
const CALLS: Readonly<
  Record<string, (args: readonly PythonValue[], scope: PythonScope) => PythonValue | undefined>
> = {
  list: ([items]) => (Array.isArray(items) ? items : undefined),
  tuple: ([items]) => (Array.isArray(items) ? items : undefined),
  range: (args) => rangeOf(args),
  str: ([value]) => (typeof value === 'string' || typeof value === 'number' ? String(value) : undefined),
  int: ([value]) => (/^\d{1,15}$/.test(String(value)) ? Number(value) : undefined),
  'os.getenv': ([name, otherwise = null], { env }) =>
    typeof name === 'string' ? (env[name] ?? otherwise) : undefined,
  'os.environ.get': ([name, otherwise = null], { env }) =>
    typeof name === 'string' ? (env[name] ?? otherwise) : undefined,
  'sys.platform.lower': (_args, { platform }) => platform,
  'os.getcwd': () => '.',
  'os.path.join': (parts) => joined(parts),
  // A relative path is taken from where the server is started, as Python does.
  'os.path.abspath': ([path]) => (typeof path === 'string' ? posix.normalize(path) : undefined),
  'getpass.getuser': (_args, { env }) => env.LOGNAME ?? env.USER,
};

/**
 * The value of an expression: literals, tuples, lists, names that were assigned, `+`, `==`, `not`, `range`, `os.getenv`, `os.path.join` and a
 * few calls like them.
 *
 * @returns undefined when it has no value that can be known without running it
 */
export function pythonValue(tokens: readonly PythonToken[], scope: PythonScope): PythonValue | undefined {
  const reader = new ExpressionReader(tokens, scope);
  const value = reader.comparison(0);
  return reader.isAtEnd ? value : undefined;
}

/** Whether Python takes it for true. */
export function isTrue(value: PythonValue): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

class ExpressionReader {
  readonly #tokens: readonly PythonToken[];
  readonly #scope: PythonScope;
  #at = 0;

  constructor(tokens: readonly PythonToken[], scope: PythonScope) {
    this.#tokens = tokens;
    this.#scope = scope;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  comparison(depth: number): PythonValue | undefined {
    if (this.#takeName('not')) {
      const value = this.comparison(depth + 1);
      return value === undefined ? undefined : !isTrue(value);
    }
    const left = this.#sum(depth);
    for (const [mark, isEqual] of [
      ['==', true],
      ['!=', false],
    ] as const) {
      if (!this.#take(mark)) continue;
      const right = this.#sum(depth);
      if (left === undefined || right === undefined) return undefined;
      return (left === right) === isEqual;
    }
    return left;
  }

  #sum(depth: number): PythonValue | undefined {
    let left = this.#operand(depth);
    while (this.#take('+')) {
      const right = this.#operand(depth);
      if (typeof left === 'string' && typeof right === 'string')
        left = left.length + right.length > MAX_TEXT ? undefined : left + right;
      else if (typeof left === 'number' && typeof right === 'number') left = left + right;
      else if (Array.isArray(left) && Array.isArray(right))
        left = left.length + right.length > MAX_ELEMENTS ? undefined : [...left, ...right];
      else left = undefined;
    }
    return left;
  }

  #operand(depth: number): PythonValue | undefined {
    if (depth > MAX_DEPTH) return undefined;
    if (this.#take('-')) {
      const value = this.#operand(depth + 1);
      return typeof value === 'number' ? -value : undefined;
    }
    const token = this.#tokens[this.#at];
    if (token === undefined) return undefined;
    if (token.kind === 'string') return this.#afterString(depth);
    if (token.kind === 'number') {
      this.#at += 1;
      const value = Number(token.text.replaceAll('_', ''));
      return Number.isFinite(value) ? value : undefined;
    }
    if (token.kind === 'name') return this.#name(depth);
    for (const [open, close] of ['()', '[]', '{}']) {
      if (open === undefined || close === undefined || !this.#take(open)) continue;
      const { items, hasComma } = this.#items(close, depth + 1);
      return open === '(' && items?.length === 1 && !hasComma ? items[0] : items;
    }
    return undefined;
  }

  /** Adjacent strings are one; `'…'.startswith('…')` is of no use for settings. */
  #afterString(_depth: number): PythonValue {
    let text = '';
    for (let token = this.#tokens[this.#at]; token?.kind === 'string'; token = this.#tokens[this.#at]) {
      text += token.text;
      this.#at += 1;
    }
    return text;
  }

  #name(depth: number): PythonValue | undefined {
    let path = this.#tokens[this.#at++]?.text ?? '';
    let value = this.#named(path);
    for (;;) {
      if (this.#take('.')) {
        const token = this.#tokens[this.#at++];
        if (token?.kind !== 'name') return undefined;
        path = `${path}.${token.text}`;
        value = path === 'sys.platform' ? this.#scope.platform : path === 'os.name' ? this.#osName : value;
      } else if (this.#take('(')) {
        const { items } = this.#items(')', depth + 1);
        value = items === undefined ? undefined : this.#call(path, items, value);
        path = `${path}()`;
      } else if (this.#take('[')) {
        const { items } = this.#items(']', depth + 1);
        const [index] = items ?? [];
        if (path === 'os.environ') value = typeof index === 'string' ? this.#scope.env[index] : undefined;
        else value = Array.isArray(value) && typeof index === 'number' ? value.at(index) : undefined;
        path = `${path}[]`;
      } else return path.includes('.') && value === undefined ? undefined : value;
    }
  }

  #call(path: string, args: readonly PythonValue[], value: PythonValue | undefined): PythonValue | undefined {
    const [method = ''] = /\.startswith$/.exec(path) ?? [];
    if (method !== '') {
      const [start] = args;
      return typeof value === 'string' && typeof start === 'string' ? value.startsWith(start) : undefined;
    }
    return Object.hasOwn(CALLS, path) ? CALLS[path]?.(args, this.#scope) : undefined;
  }

  #named(name: string): PythonValue | undefined {
    if (name === 'True') return true;
    if (name === 'False') return false;
    if (name === 'None') return null;
    return this.#scope.variable(name);
  }

  get #osName(): string {
    return this.#scope.platform.startsWith('win') ? 'nt' : 'posix';
  }

  /** What stands up to `close`; one of them without a value, and there is none. */
  #items(
    close: string,
    depth: number,
  ): { readonly items: readonly PythonValue[] | undefined; readonly hasComma: boolean } {
    const items: PythonValue[] = [];
    let isKnown = true;
    let hasComma = false;
    while (!this.#take(close)) {
      if (this.isAtEnd || items.length >= MAX_ELEMENTS) return { items: undefined, hasComma };
      const before = this.#at;
      const value = this.comparison(depth);
      if (this.#at === before) return { items: undefined, hasComma };
      if (value === undefined) isKnown = false;
      else items.push(value);
      if (this.#take(',')) hasComma = true;
      else if (this.#tokens[this.#at]?.text !== close) return { items: undefined, hasComma };
    }
    return { items: isKnown ? items : undefined, hasComma };
  }

  #take(mark: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'mark' || token.text !== mark) return false;
    this.#at += 1;
    return true;
  }

  #takeName(name: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'name' || token.text !== name) return false;
    this.#at += 1;
    return true;
  }
}

/** As Python joins: what begins at the root forgets what is before it. */
function joined(parts: readonly PythonValue[]): string | undefined {
  if (parts.length === 0 || !parts.every((part) => typeof part === 'string')) return undefined;
  if (parts.reduce((length, part) => length + part.length, 0) > MAX_TEXT) return undefined;
  return parts.reduce((path, part) => {
    if (part.startsWith('/') || path === '') return part;
    return path.endsWith('/') ? path + part : `${path}/${part}`;
  });
}

function rangeOf(args: readonly PythonValue[]): readonly number[] | undefined {
  const numbers = args.filter((value) => typeof value === 'number' && Number.isInteger(value)) as number[];
  if (numbers.length !== args.length || numbers.length === 0 || numbers.length > 3) return undefined;
  const [first = 0, last, step = 1] = numbers.length === 1 ? [0, numbers[0]] : numbers;
  if (last === undefined || step === 0) return undefined;
  const count = Math.ceil((last - first) / step);
  if (count > MAX_ELEMENTS) return undefined;
  return Array.from({ length: Math.max(0, count) }, (_, n) => first + n * step);
}
