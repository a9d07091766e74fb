import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot, workspace } from './support/workspace.ts';

/** What a user of the library writes: every door, strictly typed, and nothing of ours skipped. */
const PROGRAM = `
import { isLatchkeyError, Secret } from 'latchkey/kit';
import { MyProxyClient } from 'latchkey/myproxy';
import { formatOneline, parseOneline, readProxyFile } from 'latchkey/x509';
import * as asn1 from 'latchkey/asn1';
import * as ca from 'latchkey/ca';
import * as repository from 'latchkey/repository';
const port: number = new MyProxyClient({ hostname: 'localhost' }).port;
const name: string = formatOneline(parseOneline('/O=Grid/CN=Jane'));
const absent: unknown = await readProxyFile('/nonexistent/proxy').catch((error: unknown) => error);
if (isLatchkeyError(absent)) console.log(port, name, String(new Secret('hidden')), absent.code);
if ([asn1, ca, repository].some((door) => Object.keys(door).length === 0)) throw new Error('an empty door');
`;

/** The tree as a clone has it (nothing built), with the packages that are installed already. */
function cloneOfTree(directory: string): string {
  const clone = join(directory, 'clone');
  mkdirSync(clone);
  const left = new Set(['.git', '.build', '.latchkey', 'dist', 'node_modules', 'test', 'bench']);
  for (const name of readdirSync(repositoryRoot)) {
    if (!left.has(name)) cpSync(join(repositoryRoot, name), join(clone, name), { recursive: true });
  }
  symlinkSync(join(repositoryRoot, 'node_modules'), join(clone, 'node_modules'));
  return clone;
}

function run(directory: string, program: string, ...argv: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, argv, { cwd: directory, encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${argv.join(' ')}: ${error ?? ''}${stdout}${stderr}`);
  return stdout;
}

test('npm pack in a fresh clone makes a package whose every door resolves, with types, and whose command runs', (t) => {
  const directory = workspace(t);
  const clone = cloneOfTree(directory);
  run(clone, 'npm', 'pack', '--pack-destination', directory);
  const archive = readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? 'none';

  const user = join(directory, 'user');
  mkdirSync(join(user, 'node_modules'), { recursive: true });
  run(directory, 'tar', '-xzf', archive);
  const installed = join(user, 'node_modules', 'latchkey');
  cpSync(join(directory, 'package'), installed, { recursive: true });
  const { dependencies, exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const name of ['@types', '@pinojs', ...readdirSync(join(repositoryRoot, 'node_modules'))]) {
    const wanted = name === '@types' || name === 'undici-types' || Object.hasOwn(dependencies, name);
    const path = join(user, 'node_modules', name);
    if (wanted && !existsSync(path)) symlinkSync(join(repositoryRoot, 'node_modules', name), path);
  }
  for (const door of Object.values(exports as Record<string, string | Record<string, string>>)) {
    for (const path of typeof door === 'string' ? [door] : Object.values(door))
      assert.ok(existsSync(join(installed, path)), path);
  }

  writeFileSync(join(user, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(user, 'program.ts'), PROGRAM);
  const tsc = join(repositoryRoot, 'node_modules/typescript/bin/tsc');
  const options = ['--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2023'];
  run(user, process.execPath, tsc, ...options, '--types', 'node', 'program.ts');
  assert.equal(
    run(user, process.execPath, 'program.js'),
    '7512 /O=Grid/CN=Jane [secret] x509/credential-missing\n',
  );
  assert.match(
    run(user, process.execPath, join(installed, 'dist/bin/latchkey.js'), '--version'),
    /^latchkey /,
  );
});
