import { LatchkeyError, nearestName, quote, quoteValue } from '../kit/index.ts';
import type { JobDescription } from './description.ts';
import { ATTRIBUTES, type AttributeKind, NEVER_SUPPORTED, plainName } from './description-attributes.ts';
import { directiveValue } from './directive.ts';
import { type FileTransfer, parseFileTransfer } from './file-transfer.ts';
import { readMinutes } from './minutes.ts';

/** A description whose every value was checked; what was given in other units or spellings is normal here. */
export interface CheckedDescription
  extends Omit<JobDescription, 'wallTimeLimit' | 'fileTransfer' | 'environment'> {
  readonly wallTimeMinutes?: number | undefined;
  readonly transfers: readonly FileTransfer[];
  readonly environment: Readonly<Record<string, string>>;
}

/** More than any scheduler takes by default; each is followed. */
const MAX_TASKS = 1_000_000;

const NAMES = Object.keys(ATTRIBUTES) as (keyof JobDescription)[];
const BY_PLAIN_NAME = new Map(NAMES.map((name) => [plainName(name), name]));

/**
 * Checks a description, in whatever spelling its attributes are, for one adaptor.
 *
 * @param unsupported attributes that the adaptor has no word for
 * @throws LatchkeyError `jobs/description`; `jobs/unsupported`, naming adaptor and attribute
 */
export function checkDescription(
  given: JobDescription | Readonly<Record<string, unknown>>,
  adaptor: string,
  unsupported: readonly string[] = [],
): CheckedDescription {
  const values = new Map<keyof JobDescription, unknown>();
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    const name = attributeNamed(key, adaptor);
    if (values.has(name)) throw wrong(name, 'is given twice, in two spellings');
    if (unsupported.includes(name)) throw notSupported(name, adaptor);
    values.set(name, checkValue(name, ATTRIBUTES[name], value));
  }
  const executable = values.get('executable');
  if (typeof executable !== 'string' || executable === '') throw wrong('executable', 'is missing');
  checkChoice(values, 'stageOut', ['always', 'done']);
  checkChoice(values, 'credentialPolicy', ['warn', 'refuse']);
  if (((values.get('arraySize') ?? 0) as number) > MAX_TASKS)
    throw wrong('arraySize', `must be ${MAX_TASKS} at most`);
  const { wallTimeLimit, fileTransfer, environment, ...rest } = Object.fromEntries(
    values,
  ) as unknown as JobDescription;
  return {
    ...rest,
    ...(wallTimeLimit === undefined ? {} : { wallTimeMinutes: wallTimeLimit as number }),
    environment: (environment ?? {}) as Readonly<Record<string, string>>,
    transfers: (fileTransfer ?? []).map(parseFileTransfer),
  };
}

/**
 * Checks what was checked for no adaptor in particular.
 *
 * @throws LatchkeyError `jobs/unsupported`, naming adaptor and attribute
 */
export function assertSupported(
  job: CheckedDescription,
  adaptor: string,
  unsupported: readonly string[],
): void {
  for (const name of unsupported) {
    const value = job[(name === 'wallTimeLimit' ? 'wallTimeMinutes' : name) as keyof CheckedDescription];
    if (value !== undefined) throw notSupported(name, adaptor);
  }
}

function attributeNamed(key: string, adaptor: string): keyof JobDescription {
  const plain = plainName(key);
  const name = BY_PLAIN_NAME.get(plain);
  if (name !== undefined) return name;
  const never = NEVER_SUPPORTED.find((known) => plainName(known) === plain);
  if (never !== undefined) throw notSupported(never, adaptor);
  const near = nearestName(key, [...NAMES, ...NEVER_SUPPORTED]);
  throw new LatchkeyError('jobs/description', `a job description has no attribute ${quote(key)}`, {
    hint: near === undefined ? `known are ${NAMES.join(', ')}` : `did you mean "${near}"?`,
  });
}

function checkValue(name: keyof JobDescription, kind: AttributeKind, value: unknown): unknown {
  switch (kind) {
    case 'line':
      return directiveValue(name, text(name, value));
    case 'directory':
      // Of the login directory, as everybody writes it; nothing else of a shell is read.
      return text(name, value).replace(/^~(?=\/|$)/, '.');
    case 'text':
    case 'path':
      return text(name, value);
    case 'words':
      return list(name, value).map((item) => text(name, item));
    case 'lines':
      return list(name, value).map((item) => directiveValue(name, text(name, item)));
    case 'map':
      return environment(value);
    case 'count':
      if (!Number.isSafeInteger(value) || (value as number) < 1)
        throw wrong(name, 'must be a whole number from 1');
      return value;
    case 'minutes':
      return readMinutes(name, value);
    case 'flag':
      if (typeof value !== 'boolean') throw wrong(name, 'must be true or false');
      return value;
    case 'other':
      return value;
  }
}

function text(name: string, value: unknown): string {
  if (typeof value !== 'string')
    throw wrong(name, `must be text, not ${Array.isArray(value) ? 'a list' : typeof value}`);
  if (value.includes('\0')) throw wrong(name, 'has a NUL in it');
  return value;
}

function list(name: string, value: unknown): readonly unknown[] {
  // A text that looks like several words: SAGA splits it, and nobody knows how.
  if (!Array.isArray(value))
    throw wrong(name, `must be a list, not ${typeof value}`, `such as [${quoteValue(value)}]`);
  return value;
}

function environment(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) throw wrong('environment', 'must be names with values');
  const pairs = Array.isArray(value) ? value.map(assignment) : Object.entries(value);
  return Object.fromEntries(
    pairs.map(([name, given]) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        throw wrong('environment', `has ${quote(name)}, which is no name of a variable`);
      return [name, text(`environment ${name}`, typeof given === 'number' ? String(given) : given)];
    }),
  );
}

/** `A=1`, as SAGA takes it in a list. */
function assignment(item: unknown): [string, unknown] {
  const given = text('environment', item);
  const at = given.indexOf('=');
  if (at < 1)
    throw wrong(
      'environment',
      `has ${quote(given)}, which is no assignment`,
      'such as ["A=1"] or { A: "1" }',
    );
  return [given.slice(0, at), given.slice(at + 1)];
}

function checkChoice(values: ReadonlyMap<string, unknown>, name: string, choices: readonly string[]): void {
  const value = values.get(name);
  if (value !== undefined && !choices.includes(value as string))
    throw wrong(name, `must be ${choices.join(' or ')}`);
}

function notSupported(name: string, adaptor: string): LatchkeyError {
  return new LatchkeyError('jobs/unsupported', `the adaptor "${adaptor}" has no way to carry out "${name}"`, {
    details: { adaptor, attribute: name },
    hint: 'leave it out, or give the scheduler a line of its own in "directives"',
  });
}

function wrong(name: string, why: string, hint?: string): LatchkeyError {
  return new LatchkeyError('jobs/description', `"${name}" ${why}`, hint === undefined ? {} : { hint });
}
