import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { legacyLogFiles } from './legacy-log-files.ts';

test('a unit with a directory for logs has log and audit there, and the log in the journal if there is one', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-logs-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  // Debian's user myproxy has the storage directory for its home.
  const env = { HOME: join(directory, 'store'), LOGS_DIRECTORY: `${join(directory, 'logs')}:/other` };
  const log = join(directory, 'logs', 'myproxy-server.log');
  const audit = join(directory, 'logs', 'myproxy-server.audit.log');
  assert.deepEqual(await legacyLogFiles(undefined, env, 102), { log, audit });
  assert.deepEqual(await legacyLogFiles(undefined, { ...env, JOURNAL_STREAM: '8:1' }, 102), { audit });
  const given = join(directory, 'elsewhere', 'log');
  assert.deepEqual(await legacyLogFiles(given, env, 102), { log: given });
  assert.equal(
    existsSync(join(directory, 'elsewhere')),
    false,
    'no directory is made for a file that was named',
  );
});
