import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

declare const LATCHKEY_ROOT: string;

/** The repository's root folder (set by the test bundler). */
export const repositoryRoot: string = LATCHKEY_ROOT;

/** A private directory (0700) that goes away after the test. */
export function workspace(t: Pick<TestContext, 'after'>): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }));
  return directory;
}
