import { LruCache } from '../kit/index.ts';
import type { ClientIdentity } from './access-policy.ts';
import { compileEre, type EreMatcher } from './ere-matcher.ts';

/**
 * Does a policy expression match the client? `FQAN:` (any case) tries the client's VOMS attribute names, `SUBJECT:`
 * or nothing its DN; the rest is turned into a POSIX extended regular expression by {@link expressionToEre}. Case
 * counts. An expression that cannot be used (malformed, back-references, too large) matches nobody.
 */
export function matchesExpression(expression: string, client: Pick<ClientIdentity, 'dn' | 'fqans'>): boolean {
  const [, prefix = '', pattern = ''] = /^(fqan:|subject:)?([\s\S]*)$/i.exec(expression) ?? [];
  const matcher = matcherOf(pattern);
  if (matcher === undefined) return false;
  const names = prefix.toLowerCase() === 'fqan:' ? client.fqans : [client.dn];
  return names.some((name) => matcher.matches(name));
}

/** True when the expression can be used at all; for checking a configuration. */
export function isUsableExpression(expression: string): boolean {
  return matcherOf(expression.replace(/^(fqan:|subject:)/i, '')) !== undefined;
}

/**
 * The C server's own translation: `*` becomes `.*`, `?` becomes `.`, and `.` becomes `\.`; a backslash before one of
 * these gives the bare character, which is then a repeat or any character; two backslashes give one; a last lone
 * backslash is dropped; the whole is wrapped in `^(` and `)$`.
 */
export function expressionToEre(expression: string): string {
  const body = expression.replace(/\\([\s\S])|([*?.])|\\$/g, (_whole, escaped?: string, special?: string) => {
    if (special !== undefined) return PLAIN[special] ?? special;
    if (escaped === undefined) return '';
    return '*?.\\'.includes(escaped) ? escaped : `\\${escaped}`;
  });
  return `^(${body})$`;
}

const PLAIN: Readonly<Record<string, string>> = { '*': '.*', '?': '.', '.': '\\.' };

/**
 * Compiling costs more than matching, and a server meets the same few expressions again and again. Large ones are not
 * kept: users could fill the memory with them.
 */
const compiled = new LruCache<string, { readonly matcher: EreMatcher | undefined }>(256);
const MAX_KEPT_STATES = 2_000;

function matcherOf(pattern: string): EreMatcher | undefined {
  const kept = compiled.get(pattern);
  if (kept !== undefined) return kept.matcher;
  const matcher = compileEre(expressionToEre(pattern));
  if (pattern.length <= MAX_KEPT_STATES && (matcher?.stateCount ?? 0) <= MAX_KEPT_STATES) {
    compiled.set(pattern, { matcher });
  }
  return matcher;
}
