/** One statement of a configuration file. */
export interface Statement {
  /** Line of its beginning, from 1. */
  readonly line: number;
  readonly body: StatementBody;
}

/** What a statement says; everything as written, nothing expanded. */
type StatementBody =
  | { readonly kind: 'assign'; readonly name: string; readonly value: string }
  /** `separator` is what is put between the older value and this one. */
  | { readonly kind: 'append'; readonly name: string; readonly value: string; readonly separator: string }
  | { readonly kind: 'if'; readonly condition: string }
  /** `else` has the condition `true`. */
  | { readonly kind: 'elif'; readonly condition: string }
  | { readonly kind: 'endif' }
  | {
      readonly kind: 'include';
      readonly mayBeMissing: boolean;
      readonly isCommand: boolean;
      /** Where the output of the command is kept. */
      readonly cache: string | undefined;
      readonly source: string;
    }
  | { readonly kind: 'use'; readonly category: string; readonly names: string }
  | { readonly kind: 'warning' | 'error'; readonly text: string }
  | { readonly kind: 'malformed'; readonly why: string };

/**
 * Splits the text of a configuration file into statements: comments and empty lines dropped, continued lines joined
 * (comment lines inside them dropped), `NAME @=tag` taken up to its `@tag`.
 *
 * @param text at most a few MiB; the caller bounds it
 */
export function parseStatements(text: string): Statement[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const statements: Statement[] = [];
  let at = 0;
  while (at < lines.length) {
    const start = at;
    const first = (lines[at] ?? '').trim();
    at += 1;
    if (first === '' || first.startsWith('#')) continue;
    const block = /^:?\s*([^\s=@]+)\s*@=\s*(\S+)$/.exec(first);
    if (block !== null) {
      const end = lines.findIndex((line, index) => index >= at && line.trim() === `@${block[2]}`);
      const value = lines.slice(at, end < 0 ? undefined : end).join('\n');
      const body: StatementBody =
        end < 0
          ? { kind: 'malformed', why: `the value of ${block[1]} does not end: no line @${block[2]}` }
          : { kind: 'assign', name: block[1] ?? '', value };
      statements.push({ line: start + 1, body });
      at = end < 0 ? lines.length : end + 1;
      continue;
    }
    const parts = [first];
    while (parts.at(-1)?.endsWith('\\')) {
      parts.push(`${parts.pop()?.slice(0, -1)}`);
      while (at < lines.length && lines[at]?.trimStart().startsWith('#')) at += 1;
      if (at >= lines.length) break;
      parts.push((lines[at] ?? '').trim());
      at += 1;
    }
    const body = readStatement(parts.join('').trim());
    if (body !== undefined) statements.push({ line: start + 1, body });
  }
  return statements;
}

/** Undefined for a line that says nothing. */
function readStatement(written: string): StatementBody | undefined {
  // Older releases read a leading colon on the lines of an `if` as a way to hide them from even older ones.
  const text = written.startsWith(':') ? written.slice(1).trim() : written;
  if (text === '') return undefined;
  for (const { pattern, read } of KEYWORDS) {
    const match = pattern.exec(text);
    if (match !== null) return read(match);
  }
  const append = /^([A-Za-z0-9_.$():]+?)\s*\+([,;|&*]{0,2})=(.*)$/s.exec(text);
  if (append !== null) {
    const [, name = '', sign = '', value = ''] = append;
    const separator = sign === '' ? ' ' : sign.length === 2 ? ` ${sign} ` : sign;
    return { kind: 'append', name, value: value.trim(), separator };
  }
  const assign = /^([A-Za-z0-9_.$():]+)\s*=(.*)$/s.exec(text);
  if (assign !== null) return { kind: 'assign', name: assign[1] ?? '', value: (assign[2] ?? '').trim() };
  if (text.startsWith('[')) return undefined;
  if (/^[A-Za-z0-9_.]+\s*:/.test(text))
    return { kind: 'malformed', why: 'NAME : value is not an assignment any more; write NAME = value' };
  return { kind: 'malformed', why: 'neither an assignment nor a statement that is known' };
}

interface Keyword {
  readonly pattern: RegExp;
  readonly read: (match: RegExpExecArray) => StatementBody;
}

const KEYWORDS: readonly Keyword[] = [
  {
    pattern: /^if\s+(?!=)(.+)$/is,
    read: ([, condition = '']) => ({ kind: 'if', condition: condition.trim() }),
  },
  {
    pattern: /^elif\s+(?!=)(.+)$/is,
    read: ([, condition = '']) => ({ kind: 'elif', condition: condition.trim() }),
  },
  { pattern: /^else$/i, read: () => ({ kind: 'elif', condition: 'true' }) },
  { pattern: /^endif$/i, read: () => ({ kind: 'endif' }) },
  {
    pattern: /^@?include((?:\s+ifexist)?)((?:\s+command)?)(?:\s+into\s+(\S+))?\s*:\s*(.+)$/is,
    read: ([, ifexist = '', command = '', cache, rest = '']) => {
      const isPiped = rest.trimEnd().endsWith('|');
      const source = (isPiped ? rest.trimEnd().slice(0, -1) : rest).trim();
      return {
        kind: 'include',
        mayBeMissing: ifexist !== '',
        isCommand: command !== '' || isPiped,
        cache,
        source,
      };
    },
  },
  {
    pattern: /^@?use\s+([A-Za-z]+)\s*:\s*(.+)$/is,
    read: ([, category = '', names = '']) => ({ kind: 'use', category, names: names.trim() }),
  },
  {
    pattern: /^(warning|error)\s*:\s*(.*)$/is,
    read: ([, kind = '', text = '']) => ({
      kind: kind.toLowerCase() === 'error' ? 'error' : 'warning',
      text,
    }),
  },
];
