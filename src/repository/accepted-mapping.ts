import { readFile } from 'node:fs/promises';
import { LatchkeyError } from '../kit/index.ts';
import { callOut, outputLines } from './call-out.ts';
import { mapsTo, parseGridMapfile } from './grid-mapfile.ts';

/** Where the mapping of DNs to user names comes from; a program beats a file. */
export interface AcceptedMapping {
  /** `accepted_credentials_mapapp`: gets DN and user name as arguments, accepts by exit status 0. */
  readonly program?: string | undefined;
  /** `accepted_credentials_mapfile`: a grid-mapfile. */
  readonly file?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Refusal lines when the DN may not store under the user name; empty = nothing against it, also when no mapping is
 * configured. What cannot be asked refuses.
 */
export async function checkAcceptedMapping(
  dn: string,
  username: string,
  mapping: AcceptedMapping,
): Promise<readonly string[]> {
  if (mapping.program !== undefined) return askProgram(mapping.program, dn, username, mapping.signal);
  if (mapping.file !== undefined) return askFile(mapping.file, dn, username);
  return [];
}

async function askProgram(
  program: string,
  dn: string,
  username: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const refusal = 'Accepted credentials failure for DN/Username via call-out';
  try {
    const result = await callOut(program, [dn, username], { signal });
    if (result.code === 0) return [];
    return ['consult_mapapp call-out returned failure', ...outputLines(result), refusal];
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    return [`accepted_credentials_mapapp ${program} not executable`, refusal];
  }
}

async function askFile(file: string, dn: string, username: string): Promise<readonly string[]> {
  const refusal = 'Accepted credentials failure for DN/Username via grid-mapfile';
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return [`accepted_credentials_mapfile ${file} not readable`, refusal];
  }
  if (mapsTo(parseGridMapfile(text), dn, username)) return [];
  return [`PUT/STORE: No mapping found for '${dn}' and '${username}' in '${file}'`, refusal];
}
