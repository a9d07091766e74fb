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
  const [, value] =
    Object.entries(description).find(([key]) => key.replaceAll('_', '').toLowerCase() === 'filetransfer') ??
    [];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new LatchkeyError('jobs/description', '"fileTransfer" must be a list of texts');
}
