// `npm run check`: types, lint and format, unused code, package shape. Every step runs; any failure fails.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root } from './root.mjs';

const bin = (name) => join(root, 'node_modules/.bin', name);
const steps = [
  ['types', bin('tsc'), ['-p', 'tsconfig.check.json']],
  ['lint and format', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['unused code', bin('knip'), []],
  ['package', bin('publint'), ['--strict']],
];

export async function main() {
  await build();
  let failed = 0;
  for (const [name, command, args] of steps) {
    const run = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
    const ok = run.status === 0;
    if (!ok) failed += 1;
    console.log(`${ok ? '✔' : '✘'} ${name}`);
    if (!ok) console.log(run.stdout + run.stderr);
  }
  process.exitCode = failed > 0 ? 1 : 0;
}
