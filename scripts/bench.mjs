// `npm run bench -- NAME`: bundles bench/NAME.ts and runs it; each prints one JSON line a case.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale } from './build.mjs';
import { root } from './root.mjs';

export async function main([name, ...args]) {
  const names = readdirSync(join(root, 'bench'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3));
  if (!names.includes(name)) {
    console.error(`usage: npm run bench -- ${names.join('|')}`);
    process.exitCode = 1;
    return;
  }
  await buildIfStale();
  const { build } = await import('esbuild');
  const outfile = join(root, '.build', `bench-${name}-${process.pid}.mjs`);
  await build({
    entryPoints: [join(root, 'bench', `${name}.ts`)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    define: { LATCHKEY_ROOT: JSON.stringify(root), LATCHKEY_VERSION: '"bench"' },
    logLevel: 'warning',
  });
  try {
    process.exitCode =
      spawnSync(process.execPath, [outfile, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(outfile, { force: true });
  }
}
