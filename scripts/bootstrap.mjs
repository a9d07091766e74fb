// The door of every npm script: works straight after a clone, with only Node and npm.
// Installs the locked packages when they are missing or changed, builds when sources changed, then runs the verb.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './root.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  console.error(`latchkey needs Node 20.20 or newer; this is ${process.versions.node}`);
  process.exit(1);
}

const [verb, ...rest] = process.argv.slice(2);
installPackages();
const scripts = {
  start: './start.mjs',
  test: './test.mjs',
  check: './check.mjs',
  build: './build.mjs',
  bench: './bench.mjs',
  demo: './demo.mjs',
};
if (!Object.hasOwn(scripts, verb)) {
  console.error(`usage: node scripts/bootstrap.mjs ${Object.keys(scripts).join('|')}`);
  process.exit(1);
}
const { main } = await import(scripts[verb]);
await main(rest);

/** Runs `npm ci` unless node_modules was made from exactly this lock file. */
function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.latchkey-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const started = Date.now();
  if (process.stderr.isTTY) process.stderr.write('  … installing packages (npm ci)\r');
  // Install scripts are never needed: every package here works without them.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (npm.status !== 0) {
    process.stderr.write(
      '\nlatchkey: npm ci failed\n  hint: the message above is from npm; is the package registry reachable?\n',
    );
    process.exit(1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
  process.stderr.write(
    `  ✔ packages installed${`${((Date.now() - started) / 1000).toFixed(0)} s`.padStart(54)}\n`,
  );
}
