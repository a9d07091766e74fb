import { LatchkeyError, quote } from '../../kit/index.ts';
import { type MacroFunctionContext, macroFunction } from './macro-functions.ts';

const MAX_STEPS = 10_000;
const MAX_LENGTH = 1 << 20;
const MAX_DEPTH = 50;

/** What expansion needs to know. */
export interface ExpandContext {
  /** The raw value of a name; undefined when there is none. */
  readonly lookup: (name: string) => string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * A value with every `$(NAME)`, `$(NAME:default)` and `$FUNCTION(…)` replaced, again and again. What is not defined becomes
 * nothing; `$$(…)` is left as it is: it is for jobs.
 *
 * @throws LatchkeyError `config/malformed` for names that rest on themselves, values over 1 MiB, more than 10,000 replacements,
 *   and functions that are not known or misused
 */
export function expand(raw: string, context: ExpandContext): string {
  const budget = { steps: MAX_STEPS };
  return expandWithin(raw, context, budget, 0);
}

function expandWithin(raw: string, context: ExpandContext, budget: { steps: number }, depth: number): string {
  if (depth > MAX_DEPTH) throw malformed(`a value rests on itself: ${quote(raw, 60)}`);
  let result = '';
  let at = 0;
  while (at < raw.length) {
    const next = nextReference(raw, at);
    if (next === undefined) break;
    budget.steps -= 1;
    if (budget.steps < 0) throw malformed('a value takes more than 10,000 replacements');
    result += raw.slice(at, next.start);
    const inner: MacroFunctionContext = {
      ...context,
      expand: (text) => expandWithin(text, context, budget, depth + 1),
    };
    result += next.isVerbatim ? raw.slice(next.start, next.end) : replaced(next, inner);
    if (result.length > MAX_LENGTH) throw malformed('a value is longer than 1 MiB');
    at = next.end;
  }
  return result + raw.slice(at);
}

function replaced(reference: Reference, context: MacroFunctionContext): string {
  const { name, body } = reference;
  if (name !== '') return macroFunction(name, body, context);
  const [, macro = '', fallback] = /^([^:]*)(?::(.*))?$/s.exec(body) ?? [];
  if (macro.trim().toUpperCase() === 'DOLLAR') return '$';
  const value = context.lookup(macro.trim());
  return context.expand(value === undefined || value === '' ? (fallback ?? '') : value);
}

/**
 * A value with every `$(NAME)` of one name replaced at once by its older value: how a name may add to itself.
 *
 * @param older raw; undefined when the name had no value
 */
export function expandSelf(raw: string, name: string, older: string | undefined): string {
  let result = '';
  let at = 0;
  for (;;) {
    const next = nextReference(raw, at);
    if (next === undefined) return result + raw.slice(at);
    const [, macro = '', fallback = ''] = /^([^:]*)(?::(.*))?$/s.exec(next.body) ?? [];
    const isSelf = next.name === '' && !next.isVerbatim && macro.trim().toUpperCase() === name.toUpperCase();
    result += raw.slice(at, next.start) + (isSelf ? (older ?? fallback) : raw.slice(next.start, next.end));
    if (result.length > MAX_LENGTH) throw malformed(`the value of ${name} is longer than 1 MiB`);
    at = next.end;
  }
}

interface Reference {
  readonly start: number;
  readonly end: number;
  /** Of a function; empty for a plain `$(…)`. */
  readonly name: string;
  readonly body: string;
  /** `$$(…)`. */
  readonly isVerbatim: boolean;
}

const OPENING = /(\$?)\$([A-Za-z_]{0,30})\(/g;

function nextReference(raw: string, at: number): Reference | undefined {
  OPENING.lastIndex = at;
  const match = OPENING.exec(raw);
  if (match === null) return undefined;
  const [opening, doubled = '', name = ''] = match;
  const from = match.index + opening.length;
  const end = closing(raw, from);
  if (end === undefined) return undefined;
  const body = raw.slice(from, end - 1);
  return { start: match.index, end, name, body, isVerbatim: doubled !== '' };
}

/** Index after the parenthesis that closes what was opened before `from`. */
function closing(raw: string, from: number): number | undefined {
  let open = 1;
  for (let at = from; at < raw.length; at += 1) {
    if (raw[at] === '(') open += 1;
    else if (raw[at] === ')') open -= 1;
    if (open === 0) return at + 1;
  }
  return undefined;
}

function malformed(what: string): LatchkeyError {
  return new LatchkeyError('config/malformed', `HTCondor configuration: ${what}`);
}
