import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

declare const LATCHKEY_ROOT: string;

/** The repository's root folder (set by the test bundler). */
export const repositoryRoot: string = LATCHKEY_ROOT;

const endings = new Map<string, (() => Promise<unknown>)[]>();

/**
 * What works in a workspace ends before the workspace goes: a writer that is left alive makes the removal fail, and then
 * nothing after it is cleaned up. In any other directory it ends after the test.
 */
export function endsWith(
  t: Pick<TestContext, 'after'>,
  directory: string,
  end: () => Promise<unknown>,
): void {
  const known = [...endings].find(([path]) => directory === path || directory.startsWith(`${path}/`));
  if (known === undefined) t.after(end);
  else known[1].unshift(end);
}

/** A private directory (0700) that goes away after the test. */
export function workspace(t: Pick<TestContext, 'after'>): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  endings.set(directory, []);
  t.after(async () => {
    for (const end of endings.get(directory) ?? []) await end();
    endings.delete(directory);
    try {
      remove(directory);
    } catch {
      removeAtExit(directory);
    }
  });
  return directory;
}

function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
}

/** Somebody still writes there, whom a later hook may end. If not, the file's run fails here. */
function removeAtExit(directory: string): void {
  process.once('exit', () => remove(directory));
}
