import { LatchkeyError, quote } from '../kit/index.ts';
import type { CredentialRecord } from './credential.ts';

/** What a `.data` file says; old files do not tell the user name. The lock is a file of its own. */
export interface DataFile extends Omit<CredentialRecord, 'username' | 'lockMessage'> {
  readonly username?: string | undefined;
}

type TextField = Exclude<keyof DataFile, 'maxLifetimeSeconds'>;

/** Keys in the order they are written; `LIFETIME` comes after the first. */
const TEXT_KEYS: readonly (readonly [string, TextField])[] = [
  ['OWNER', 'owner'],
  ['NAME', 'name'],
  ['DESCRIPTION', 'description'],
  ['RETRIEVERS', 'retrievers'],
  ['KEYRETRIEVERS', 'keyRetrievers'],
  ['TRUSTED_RETRIEVERS', 'trustedRetrievers'],
  ['RENEWERS', 'renewers'],
  ['USERNAME', 'username'],
];
const FIELD_OF: ReadonlyMap<string, TextField> = new Map(TEXT_KEYS);
const MAX_LIFETIME_SECONDS = 2_147_483_647;

/**
 * Parses a `.data` file of any age: `PASSPHRASE` of old servers is read over, and `USERNAME` may be missing.
 *
 * @throws LatchkeyError `repository/data-malformed` for an unknown line, no `OWNER`, no `END_OPTIONS`
 */
export function parseDataFile(contents: Uint8Array): DataFile {
  const lines = decode(contents).split('\n');
  const fields = new Map<TextField, string>();
  let maxLifetimeSeconds = 0;
  for (const [index, line] of lines.entries()) {
    const equals = line.indexOf('=');
    const key = equals < 0 ? line : line.slice(0, equals);
    // The last piece has no line feed after it: the file is cut short.
    if (index === lines.length - 1) break;
    if (key === 'END_OPTIONS') return finish(fields, maxLifetimeSeconds);
    if (equals < 0) throw malformed(`line ${index + 1} is ${quote(line, 40)}, expected KEY=value`);
    const value = line.slice(equals + 1);
    const field = FIELD_OF.get(key);
    if (field !== undefined) fields.set(field, value);
    else if (key === 'LIFETIME') maxLifetimeSeconds = parseLifetime(value);
    else if (key !== 'PASSPHRASE') throw malformed(`line ${index + 1} has the unknown key ${quote(key, 40)}`);
  }
  throw malformed('it ends before END_OPTIONS');
}

/**
 * The `.data` file of a credential, byte for byte as the C server writes it.
 *
 * @throws LatchkeyError `repository/data-malformed` for a value that cannot be in one line, or no owner
 */
export function formatDataFile(record: DataFile): string {
  if (record.owner === '') throw malformed('the owner is empty');
  const lines: string[] = [];
  for (const [key, field] of TEXT_KEYS) {
    const value = record[field];
    if (value === undefined) continue;
    if (/[\n\0]/.test(value)) throw malformed(`${key} has a line feed or NUL in it: ${quote(value, 80)}`);
    lines.push(`${key}=${value}`);
    if (field === 'owner') lines.push(`LIFETIME=${Math.trunc(record.maxLifetimeSeconds)}`);
  }
  return `${lines.join('\n')}\nEND_OPTIONS\n`;
}

function finish(fields: ReadonlyMap<TextField, string>, maxLifetimeSeconds: number): DataFile {
  const owner = fields.get('owner');
  if (owner === undefined) throw malformed('it has no OWNER');
  return { ...Object.fromEntries(fields), owner, maxLifetimeSeconds };
}

/** As strtol reads it: leading digits count, nonsense is 0. */
function parseLifetime(value: string): number {
  const seconds = Number.parseInt(value, 10);
  return Number.isNaN(seconds) || seconds < 0 ? 0 : Math.min(seconds, MAX_LIFETIME_SECONDS);
}

/** UTF-8 as a rule; files with other bytes are read as Latin-1 rather than not at all. */
function decode(contents: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(contents);
  } catch {
    return Buffer.from(contents).toString('latin1');
  }
}

function malformed(what: string): LatchkeyError {
  return new LatchkeyError('repository/data-malformed', `a credential's data file is malformed: ${what}`);
}
