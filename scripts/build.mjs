// Builds dist/: the library (tsc: one file a module, with types) and the executable (esbuild: one small entry
// and lazy chunks, because resolving fifty files costs a tool more than running them).
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

export async function main(args) {
  await build({ types: !args.includes('--bin-only') });
}

/** @param {{types?: boolean}} options types: also emit the library with its declarations */
export async function build({ types = true } = {}) {
  if (types) rmSync(join(root, 'dist'), { recursive: true, force: true });
  if (types) {
    const tsc = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'],
      {
        cwd: root,
        stdio: 'inherit',
      },
    );
    if (tsc.status !== 0) process.exit(tsc.status ?? 1);
  }
  const { build: bundle } = await import('esbuild');
  await bundle({
    entryPoints: { 'latchkey.new': join(root, 'src/cli/main.ts') },
    outdir: join(root, 'dist/bin'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    banner: {
      js: "import { createRequire as latchkeyRequire } from 'node:module';const require=latchkeyRequire(import.meta.url);",
    },
    define: {
      LATCHKEY_VERSION: JSON.stringify(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version),
    },
    logLevel: 'warning',
  });
  // Chunks have their contents' hash in their names: the old ones stay for programs that are running, and the entry
  // is swapped in one step.
  const entry = join(root, 'dist/bin/latchkey.new.js');
  writeFileSync(entry, `#!/usr/bin/env node\n${readFileSync(entry, 'utf8')}`);
  chmodSync(entry, 0o755);
  renameSync(entry, join(root, 'dist/bin/latchkey.js'));
}

/** Builds the executable when any source is newer than it. */
export async function buildIfStale() {
  const bin = join(root, 'dist/bin/latchkey.js');
  if (existsSync(bin) && statSync(bin).mtimeMs >= newest(join(root, 'src'))) return false;
  await build({ types: false });
  return true;
}

function newest(dir) {
  let latest = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}
