// `npm test [-- --long] [-- --unit] [-- PATTERN…]`: unit tests (src/**/*.test.ts) in one process,
// then test/**/*.test.ts one process a file. `--long` runs test/**/*.long.ts instead.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { buildIfStale } from './build.mjs';
import { root } from './root.mjs';

/** A file that takes longer hangs: it is ended and counts as failed, so that nobody waits for ever. */
const LIMIT_MINUTES = { '.test.ts': 15, '.long.ts': 120 };
const running = new Set();

export async function main(args) {
  endWithUs();
  const suffix = args.includes('--long') ? '.long.ts' : '.test.ts';
  if (suffix === '.long.ts') process.env.LATCHKEY_SEED ??= 'random';
  const unitOnly = args.includes('--unit');
  const patterns = args.filter((arg) => !arg.startsWith('--'));
  const wanted = (file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern));
  const unit = list('src', suffix).filter(wanted);
  const outer = unitOnly ? [] : list('test', suffix).filter(wanted);
  if (!unitOnly) await buildIfStale();

  const out = join(root, '.build', `test-${process.pid}`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  try {
    const files = await compile(unit, outer, out);
    const totals = { pass: 0, fail: 0, skipped: 0 };
    const queue = [...files];
    const workers = Array.from({ length: Math.max(1, Math.min(2, availableParallelism())) }, async () => {
      for (let file = queue.shift(); file; file = queue.shift()) {
        const result = await runFile(file, LIMIT_MINUTES[suffix]);
        for (const key of Object.keys(totals)) totals[key] += result[key];
      }
    });
    await Promise.all(workers);
    const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
    if (totals.skipped > 0 && process.env.LATCHKEY_REQUIRE_PEERS === '1') totals.fail += 1;
    console.log(`${totals.pass} passed, ${totals.fail} failed${skipped}`);
    process.exitCode = totals.fail > 0 || totals.pass === 0 ? 1 : 0;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Bundles the tests; all unit tests share one entry and so one process. */
async function compile(unit, outer, out) {
  const { build } = await import('esbuild');
  const entryPoints = {};
  if (unit.length > 0) {
    const entry = join(out, 'unit.ts');
    writeFileSync(entry, unit.map((file) => `import ${JSON.stringify(join(root, file))};`).join('\n'));
    entryPoints.unit = entry;
  }
  for (const file of outer) entryPoints[file.replace(/\.ts$/, '').replaceAll('/', '.')] = join(root, file);
  await build({
    entryPoints,
    outdir: out,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [seededFastCheck],
    sourcemap: 'inline',
    define: { LATCHKEY_ROOT: JSON.stringify(root), LATCHKEY_VERSION: '"test"' },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    logLevel: 'warning',
    outExtension: { '.js': '.mjs' },
  });
  return Object.keys(entryPoints).map((name) => join(out, `${name}.mjs`));
}

const seededFastCheck = {
  name: 'seeded-fast-check',
  setup: ({ onResolve }) => {
    const path = join(root, 'test/support/seeded-fast-check.ts');
    onResolve({ filter: /^fast-check$/ }, ({ importer }) =>
      importer === path ? { path: 'fast-check', external: true } : { path },
    );
  },
};

/** The groups of what runs end with this process, also when it is interrupted. */
function endWithUs() {
  process.on('exit', () => running.forEach(endGroup));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function runFile(file, limitMinutes) {
  const name = relative(root, file)
    .replace(/^\.build\/test-\d+\//, '')
    .replace(/\.mjs$/, '');
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', '--test-reporter=tap', '--test', file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: node runs the file in another process.
      detached: true,
    });
    running.add(child.pid);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      endGroup(child.pid);
    }, limitMinutes * 60_000);
    let tap = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      tap += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      running.delete(child.pid);
      if (isLate) stderr += `${name} did not end within ${limitMinutes} minutes\n`;
      const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
      const result = {
        pass: count('pass'),
        fail: count('fail') + count('cancelled'),
        skipped: count('skipped') + count('todo'),
      };
      if (code !== 0 && result.fail === 0) result.fail = 1;
      const mark = result.fail > 0 ? '✘' : '✔';
      console.log(
        `${mark} ${name}  ${result.pass} passed${result.fail ? `, ${result.fail} failed` : ''}${result.skipped ? `, ${result.skipped} skipped` : ''}`,
      );
      for (const line of tap.split('\n')) if (/# SKIP/.test(line)) console.log(`    ${line.trim()}`);
      if (result.fail > 0) console.log(failures(tap) + stderr);
      resolve(result);
    });
  });
}

/** The parts of a TAP stream that belong to failed tests. */
function failures(tap) {
  const lines = tap.split('\n');
  const kept = [];
  for (let i = 0; i < lines.length; i++) {
    if (!/^\s*not ok/.test(lines[i])) continue;
    for (; i < lines.length; i++) {
      kept.push(lines[i]);
      if (/^\s*\.\.\.$/.test(lines[i])) break;
    }
  }
  return `${kept.join('\n')}\n`;
}

function list(dir, suffix) {
  return readdirSync(join(root, dir), { recursive: true })
    .map((file) => join(dir, file))
    .filter((file) => file.endsWith(suffix))
    .sort();
}
