import { readFile } from 'node:fs/promises';
import { LatchkeyError } from '../../kit/index.ts';

/**
 * Reads a job description (JSON); without a path an empty one. What is in it is checked by who takes it.
 *
 * @throws LatchkeyError `file/io`, `config/malformed`
 */
export async function readDescription(path: string | undefined): Promise<Readonly<Record<string, unknown>>> {
  if (path === undefined) return {};
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new LatchkeyError('file/io', `cannot read "${path}": ${(cause as Error).message}`, { cause });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    throw new LatchkeyError('config/malformed', `"${path}" is no JSON${placeOf(error, text)}`, {
      hint: 'such as {"executable": "date"}',
    });
  }
  throw new LatchkeyError('config/malformed', `"${path}" is no job description`, {
    hint: 'such as {"executable": "date"}',
  });
}

/** Only where: the rest of what the parser says quotes the file, which may hold a secret. */
function placeOf(error: unknown, text: string): string {
  const [, position] = /at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(String(error)) ?? [];
  return position === undefined ? '' : `, line ${text.slice(0, Number(position)).split('\n').length}`;
}

/** Its transfers, in whatever spelling. */
export function transfersOf(description: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const value = attributeOf(description, 'fileTransfer');
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new LatchkeyError('jobs/description', '"fileTransfer" must be a list of texts');
}

/** What it says of an attribute, in whatever spelling. */
export function attributeOf(description: Readonly<Record<string, unknown>>, name: string): unknown {
  return description[keyOf(description, name) ?? ''];
}

/** The same description without an attribute. */
export function withoutAttribute(
  description: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, unknown>> {
  const { [keyOf(description, name) ?? '']: _, ...rest } = description;
  return rest;
}

function keyOf(description: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const plain = (key: string) => key.replaceAll('_', '').toLowerCase();
  return Object.keys(description).find((key) => plain(key) === plain(name));
}
