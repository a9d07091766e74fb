import { readFile, stat } from 'node:fs/promises';
import { parse as parseToml, TomlError } from 'smol-toml';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { readMembership, type VoMembership } from '../../voms/index.ts';

const MAX_FILE_BYTES = 64 << 20;

/**
 * Reads a membership file.
 *
 * @throws LatchkeyError `config/missing`, `config/malformed` when it is not TOML, `config/invalid` with every finding
 */
export async function loadMembership(path: string): Promise<VoMembership> {
  const { membership, findings } = readMembership(parse(await readText(path), path));
  if (membership !== undefined) return membership;
  const told = findings.map(({ message }) => message);
  throw new LatchkeyError('config/invalid', `${path}: ${told.join('; ')}`, {
    hint: 'nothing was changed; docs/voms.md has the form of the file',
    details: { findings: told },
  });
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('config/missing', `cannot read the membership file ${quote(path)}: ${why}`, {
      cause,
    });
  }
}

function parse(text: string, path: string): unknown {
  try {
    return parseToml(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [what] = cause.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new LatchkeyError('config/malformed', `${path}, line ${cause.line}: ${what}`, { cause });
  }
}
