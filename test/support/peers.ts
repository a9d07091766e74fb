import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/** The path of a program in PATH (or the sbin folders, where servers live), if there is one. */
export function findProgram(name: string): string | undefined {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return undefined;
}

/**
 * True when every peer program is installed. Otherwise the test is skipped with a line that says what is missing,
 * or fails where skipping is forbidden (`LATCHKEY_REQUIRE_PEERS=1`, as in CI).
 */
export function havePeers(t: TestContext, ...programs: string[]): boolean {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return true;
  const reason = `needs ${missing.join(', ')}: scripts/install-peers puts them there (Debian)`;
  if (process.env.LATCHKEY_REQUIRE_PEERS === '1') throw new Error(reason);
  t.skip(reason);
  return false;
}
