import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tryPidFile, writePidFile } from './pid-file.ts';

function pidPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-pid-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'pid');
}

/** A Node process under another name, until the end of the test. */
async function living(t: TestContext, argv0: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [...args], { argv0, stdio: 'ignore' });
  t.after(() => child.kill());
  await once(child, 'spawn');
  return child.pid ?? assert.fail('no process');
}

/** A script of our command's name that just lives. */
function latchkeyScript(path: string): string {
  const script = join(dirname(path), 'latchkey.js');
  writeFileSync(script, 'setTimeout(() => {}, 20_000);');
  return script;
}

test('holds the number without newline, for the owner only, and goes away', async (t) => {
  const path = pidPath(t);
  const file = await writePidFile(path);
  assert.equal(readFileSync(path, 'latin1'), String(process.pid));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await file.remove();
  assert.equal(existsSync(path), false);
});

test('a living server keeps it, also against a lenient caller', async (t) => {
  const path = pidPath(t);
  for (const [command, ...args] of [
    ['/usr/sbin/myproxy-server', '-e', 'setTimeout(() => {}, 20_000)'],
    ['node', '--no-warnings', latchkeyScript(path)],
  ] as const) {
    const pid = await living(t, command, args);
    writeFileSync(path, String(pid));
    await assert.rejects(writePidFile(path), { code: 'daemon/already-running' });
    await assert.rejects(
      tryPidFile(path, () => {}),
      { code: 'daemon/already-running' },
    );
    assert.equal(readFileSync(path, 'latin1'), String(pid));
  }
});

test('a process number that another Node program has by now is not in the way', async (t) => {
  const path = pidPath(t);
  for (const command of ['node', '/usr/bin/node_exporter']) {
    const pid = await living(t, command, ['-e', 'setTimeout(() => {}, 20_000)', 'myproxy-server']);
    writeFileSync(path, String(pid));
    await writePidFile(path);
    assert.equal(readFileSync(path, 'latin1'), String(process.pid));
  }
});

test('a dead one, or what is no number, does not', async (t) => {
  const path = pidPath(t);
  for (const old of ['999999999', 'x', '', '-1', '0']) {
    writeFileSync(path, old);
    await writePidFile(path);
    assert.equal(readFileSync(path, 'latin1'), String(process.pid));
  }
});

test('somebody else who has taken it over keeps it; a place that cannot be written is a warning', async (t) => {
  const path = pidPath(t);
  const file = await writePidFile(path);
  writeFileSync(path, '4242');
  await file.remove();
  assert.equal(readFileSync(path, 'latin1'), '4242');
  const warnings: string[] = [];
  assert.equal(await tryPidFile(join(path, 'below-a-file'), (line) => warnings.push(line)), undefined);
  assert.match(warnings[0] ?? '', /^Cannot open or create pidfile/);
});
