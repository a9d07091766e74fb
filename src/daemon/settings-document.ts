import { parse as parseToml, TomlError } from 'smol-toml';
import { safeParse } from 'valibot';
import { LatchkeyError, nearestName, quote } from '../kit/index.ts';
import { SETTINGS_SCHEMA, type SettingsDocument } from './settings-schema.ts';

/**
 * Parses the text of a `latchkey.toml`, strictly.
 *
 * @param name shown in errors: the file's path
 * @throws LatchkeyError `config/malformed` when it is not TOML; `config/invalid` with every finding in one message
 */
export function parseSettings(text: string, name: string): SettingsDocument {
  let document: unknown;
  try {
    document = parseToml(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [what] = cause.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new LatchkeyError('config/malformed', `${name}, line ${cause.line}: ${what}`, { cause });
  }
  const result = safeParse(SETTINGS_SCHEMA, document);
  if (result.success) return result.output;
  const findings = result.issues.map((issue) => {
    const keys = (issue.path ?? []).map((item) => String(item.key));
    const where = keys.join('.');
    if (issue.type === 'strict_object' && issue.expected === 'never') return unknownKey(keys);
    return `${where}: ${describe(issue.message)}`;
  });
  throw new LatchkeyError('config/invalid', `${name}: ${findings.join('; ')}`, {
    details: { findings },
    hint: 'nothing was changed; mend the file and start or reload again',
  });
}

function unknownKey(keys: readonly string[]): string {
  const [section = ''] = keys;
  if (keys.length < 2) return unknown(section, 'section', Object.keys(SETTINGS_SCHEMA.entries));
  return unknown(keys.join('.'), 'key', keysOf(SETTINGS_SCHEMA, keys.slice(0, -1)), keys.at(-1));
}

function unknown(shown: string, kind: string, known: readonly string[], key = shown): string {
  const close = nearestName(key, known);
  const hint = close === undefined ? `known are ${known.join(', ')}` : `did you mean ${close}?`;
  return `unknown ${kind} ${quote(shown)}: ${hint}`;
}

/** The keys that may stand at a path of tables; the names in a table of names are any. */
function keysOf(schema: unknown, path: readonly string[]): string[] {
  if (!isSchema(schema)) return [];
  if (schema.wrapped !== undefined) return keysOf(schema.wrapped, path);
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(schema.entries ?? {});
  return keysOf(schema.item ?? schema.value ?? schema.entries?.[key], rest);
}

interface SchemaParts {
  /** Of something optional. */
  readonly wrapped?: unknown;
  readonly entries?: Readonly<Record<string, unknown>>;
  /** Of a list. */
  readonly item?: unknown;
  /** Of a table of names. */
  readonly value?: unknown;
}

function isSchema(schema: unknown): schema is SchemaParts {
  return typeof schema === 'object' && schema !== null;
}

/** "Invalid type: Expected string but received 7" → "expected string but received 7" */
function describe(message: string): string {
  const text = message.replace(/^Invalid [a-z ]+: /, '');
  return text.charAt(0).toLowerCase() + text.slice(1);
}
