import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../src/kit/index.ts';
import { findProgram } from './support/peers.ts';
import { repositoryRoot, workspace } from './support/workspace.ts';

const unit = readFileSync(join(repositoryRoot, 'packaging/systemd/latchkey.service'), 'utf8');

test('systemd finds nothing wrong with the unit', async (t) => {
  const program = findProgram('systemd-analyze');
  if (program === undefined) return t.skip('needs systemd-analyze');
  const file = join(workspace(t), 'latchkey.service');
  // It looks for the program too, which is not installed here.
  writeFileSync(file, unit.replaceAll('/usr/bin/latchkey', process.execPath));
  const verified = await runProgram(program, ['verify', file], { env: { PATH: process.env.PATH } });
  const said = verified.stdout.toString() + verified.stderr.toString();
  assert.equal(verified.code, 0, said);
  assert.doesNotMatch(said, /latchkey\.service/);
});

test('systemd finds nothing wrong with the unit of the monitor', async (t) => {
  const program = findProgram('systemd-analyze');
  if (program === undefined) return t.skip('needs systemd-analyze');
  const text = readFileSync(join(repositoryRoot, 'packaging/systemd/latchkey-credmon.service'), 'utf8');
  const file = join(workspace(t), 'latchkey-credmon.service');
  writeFileSync(file, text.replaceAll('/usr/bin/latchkey', process.execPath));
  const verified = await runProgram(program, ['verify', file], { env: { PATH: process.env.PATH } });
  const said = verified.stdout.toString() + verified.stderr.toString();
  assert.equal(verified.code, 0, said);
  assert.doesNotMatch(said, /latchkey-credmon\.service/);
});

test('the unit of the monitor leaves it the right to serve its page on port 443', async (t) => {
  const program = findProgram('setpriv');
  if (program === undefined || process.geteuid?.() !== 0) return t.skip('needs setpriv, and root');
  const monitor = readFileSync(join(repositoryRoot, 'packaging/systemd/latchkey-credmon.service'), 'utf8');
  const [, names = ''] = /^CapabilityBoundingSet=(.+)$/m.exec(monitor) ?? [];
  const rights = names.split(' ').map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`);
  // Whether somebody has that port already does not matter.
  const listen = `require('node:net').createServer().on('error', (e) => console.log(e.code)).listen(443, '127.0.0.1', () => process.exit())`;
  const run = await runProgram(
    program,
    [`--bounding-set=-all,${rights.join(',')}`, process.execPath, '-e', listen],
    { env: { PATH: process.env.PATH } },
  );
  assert.equal(run.code, 0, run.stderr.toString());
  assert.match(run.stdout.toString(), /^(EADDRINUSE\n)?$/);
});

test('the alert rules name only metrics that there are', () => {
  const rules = readFileSync(join(repositoryRoot, 'packaging/prometheus/latchkey-credmon.rules.yml'), 'utf8');
  const source = readFileSync(join(repositoryRoot, 'src/daemon/observe/metrics.ts'), 'utf8');
  const page = readFileSync(join(repositoryRoot, 'docs/operations.md'), 'utf8');
  for (const [name] of rules.matchAll(/latchkey_\w+/g)) assert.ok(source.includes(`'${name}'`), name);
  for (const [, name = ''] of source.matchAll(/'(latchkey_\w+)'/g))
    assert.ok(page.includes(`\`${name}\``), name);
});

test('the unit reloads by SIGHUP, is not run as root, and hands the key over as a credential', () => {
  assert.match(unit, /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
  assert.match(unit, /^User=(?!root)/m);
  assert.match(unit, /^LoadCredential=hostkey\.pem:/m);
  assert.match(unit, /^Environment=.*X509_USER_KEY=%d\/hostkey\.pem/m);
});

test('docs/operations.md links to what exists', () => {
  const page = readFileSync(join(repositoryRoot, 'docs/operations.md'), 'utf8');
  for (const [, target = ''] of page.matchAll(/\]\(([^)#]+)\)/g)) {
    assert.ok(existsSync(join(repositoryRoot, 'docs', target)), target);
  }
});
