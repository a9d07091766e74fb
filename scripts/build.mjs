// Builds dist/: the library (tsc: one file a module, with types) and the executable (esbuild: one small entry
// and lazy chunks, because resolving fifty files costs a tool more than running them).
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './root.mjs';

/** A server that was started from these chunks is started anew within this time. */
const OLD_CHUNK_MS = 7 * 86_400_000;

export async function main(args) {
  await build({ types: !args.includes('--bin-only'), keepOld: !args.includes('--for-package') });
}

/** @param {{types?: boolean, keepOld?: boolean}} options types: also emit the library with its declarations; keepOld: leave young chunks of earlier builds */
export async function build({ types = true, keepOld = true } = {}) {
  if (types) buildLibrary();
  const { build: bundle } = await import('esbuild');
  const { metafile } = await bundle({
    metafile: true,
    entryPoints: { 'latchkey.new': join(root, 'src/cli/main.ts') },
    outdir: join(root, 'dist/bin'),
    bundle: true,
    // An optional peer: whoever wants it installs it beside us.
    external: ['ssh2'],
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
  if (types)
    dropOldChunks(
      new Set(Object.keys(metafile.outputs).map((path) => basename(path))),
      keepOld ? OLD_CHUNK_MS : 0,
    );
}

/** Emits the library beside dist/ and moves it there when it is whole: types that are wrong leave what was built before. */
function buildLibrary() {
  const fresh = join(root, '.build', `library-${process.pid}`);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', fresh], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status === 0) {
    mkdirSync(join(root, 'dist'), { recursive: true });
    for (const name of readdirSync(join(root, 'dist'))) {
      if (name !== 'bin') rmSync(join(root, 'dist', name), { recursive: true, force: true });
    }
    for (const name of readdirSync(fresh)) renameSync(join(fresh, name), join(root, 'dist', name));
  }
  rmSync(fresh, { recursive: true, force: true });
  if (status !== 0) process.exit(status ?? 1);
}

/** Chunks of earlier builds, unless they are so young that a running program may still want them. */
function dropOldChunks(current, keptMs) {
  const bin = join(root, 'dist/bin');
  for (const name of readdirSync(bin)) {
    const path = join(bin, name);
    if (name === 'latchkey.js' || current.has(name)) continue;
    if (statSync(path).mtimeMs < Date.now() - keptMs) rmSync(path, { force: true });
  }
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
