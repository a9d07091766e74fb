import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './workspace.ts';

/** The built executable (`npm test` builds it before the tests run). */
export const latchkeyExecutable: string = join(repositoryRoot, 'dist', 'bin', 'latchkey.js');

/** Makes `directory` with our executable under the given tool names, to be put first in PATH. */
export function linkOurTools(directory: string, names: readonly string[]): string {
  mkdirSync(directory, { recursive: true });
  for (const name of names) symlinkSync(latchkeyExecutable, join(directory, name));
  return directory;
}
