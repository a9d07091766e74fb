import { LatchkeyError, quote } from '../../kit/index.ts';
import { constantValue } from './constant-expression.ts';

/** What a function of a value may use. */
export interface MacroFunctionContext {
  readonly lookup: (name: string) => string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Replaces what is inside a text. */
  readonly expand: (text: string) => string;
}

/**
 * The value of `$NAME(body)`. Letter case of the name counts. What chooses at random gives its first possibility here, always.
 *
 * @throws LatchkeyError `config/malformed` for a name or arguments that are not understood
 */
export function macroFunction(name: string, body: string, context: MacroFunctionContext): string {
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (known !== undefined) return known(body, context);
  if (/^F[fpduwnxbqa]*$/.test(name)) return filePart(name.slice(1), argument(body, context));
  throw malformed(`$${name}(…) is not a function that is understood`);
}

type MacroFunction = (body: string, context: MacroFunctionContext) => string;

const FUNCTIONS: Readonly<Record<string, MacroFunction>> = {
  ENV: (body, context) => {
    const [, name = '', fallback] = /^([^:]*)(?::(.*))?$/s.exec(body) ?? [];
    return context.env[name.trim()] ?? (fallback === undefined ? 'UNDEFINED' : context.expand(fallback));
  },
  INT: (body, context) => String(Math.trunc(number('INT', body, context))),
  REAL: (body, context) => String(number('REAL', body, context)),
  STRING: (body, context) => unquoted(argument(split(body)[0] ?? '', context)),
  EVAL: (body, context) => {
    const text = argument(body, context);
    const value = constantValue(text);
    return value === undefined ? unquoted(text) : String(value);
  },
  SUBSTR: (body, context) => {
    const [name = '', start = '0', length] = split(body);
    const text = argument(name, context);
    const from = Math.trunc(number('SUBSTR', start, context));
    if (length === undefined) return text.slice(from);
    const count = Math.trunc(number('SUBSTR', length, context));
    const rest = text.slice(from);
    return count < 0 ? rest.slice(0, count) : rest.slice(0, count);
  },
  CHOICE: (body, context) => {
    const [index = '', ...items] = split(body);
    const [only] = items;
    const list =
      items.length === 1 ? words(argument(only ?? '', context)) : items.map((item) => context.expand(item));
    const chosen = list[Math.trunc(number('CHOICE', index, context))];
    if (chosen === undefined) throw malformed(`$CHOICE(${body}): there is no such item`);
    return chosen;
  },
  RANDOM_CHOICE: (body, context) => {
    const items = split(body);
    const list = items.length === 1 ? words(argument(items[0] ?? '', context)) : items;
    return context.expand(list[0] ?? '');
  },
  RANDOM_INTEGER: (body, context) => context.expand(split(body)[0] ?? ''),
  DIRNAME: (body, context) => filePart('p', argument(body, context)).replace(/\/$/, ''),
  BASENAME: (body, context) => filePart('nx', argument(body, context)),
};

/** The value of a name if there is one, else the text itself, both expanded. */
function argument(text: string, context: MacroFunctionContext): string {
  const trimmed = text.trim();
  return context.expand(context.lookup(trimmed) ?? trimmed);
}

function number(name: string, text: string, context: MacroFunctionContext): number {
  const [first = ''] = split(text);
  const value = constantValue(argument(first, context));
  if (value === undefined) throw malformed(`$${name}(${text}) needs a number`);
  return Number(value);
}

function filePart(letters: string, text: string): string {
  const path = unquoted(text);
  const slash = path.lastIndexOf('/');
  const directory = path.slice(0, slash + 1);
  const file = path.slice(slash + 1);
  const dot = file.lastIndexOf('.');
  const parts: Readonly<Record<string, string>> = {
    p: directory,
    d: /[^/]*\/$/.exec(directory)?.[0] ?? '',
    n: dot < 0 ? file : file.slice(0, dot),
    x: dot < 0 ? '' : file.slice(dot),
  };
  const wanted = [...'pdnx'].filter((letter) => letters.includes(letter));
  // `d` is the end of `p`: with both, the whole directory.
  const chosen = wanted.includes('p') ? wanted.filter((letter) => letter !== 'd') : wanted;
  const bare = chosen.length === 0 ? path : chosen.map((letter) => parts[letter] ?? '').join('');
  const trimmed = letters.includes('b') ? bare.replace(/\/$/, '').replace(/^\.(?=[^./]+$)/, '') : bare;
  return letters.includes('q') ? `"${trimmed}"` : letters.includes('a') ? `'${trimmed}'` : trimmed;
}

function unquoted(text: string): string {
  return /^"(.*)"$/s.exec(text.trim())?.[1] ?? text.trim();
}

/** Parts between commas that stand in no parentheses. */
function split(body: string): string[] {
  const parts: string[] = [];
  let open = 0;
  let from = 0;
  for (let at = 0; at <= body.length; at += 1) {
    const letter = body[at];
    if (letter === '(') open += 1;
    else if (letter === ')') open -= 1;
    else if ((letter === ',' && open === 0) || letter === undefined) {
      parts.push(body.slice(from, at).trim());
      from = at + 1;
    }
  }
  return parts;
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function malformed(what: string): LatchkeyError {
  return new LatchkeyError('config/malformed', `HTCondor configuration: ${what}`, {
    details: { what: quote(what) },
  });
}
