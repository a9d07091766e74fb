// `npm run demo:NAME`: bundles demo/NAME.ts and runs it with everything it needs from this clone.
import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale } from './build.mjs';
import { root } from './root.mjs';

export async function main([name, ...args]) {
  const names = readdirSync(join(root, 'demo'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3));
  if (!names.includes(name)) {
    console.error(`usage: npm run demo:${names.join('|')}`);
    process.exitCode = 1;
    return;
  }
  await buildIfStale();
  const { build } = await import('esbuild');
  const outfile = join(root, '.build', `demo-${name}-${process.pid}.mjs`);
  await build({
    entryPoints: [join(root, 'demo', `${name}.ts`)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    define: { LATCHKEY_ROOT: JSON.stringify(root), LATCHKEY_VERSION: '"demo"' },
    logLevel: 'warning',
  });
  // The terminal sends ^C to both processes; this one waits until the demo has put everything away.
  const child = spawn(process.execPath, [outfile, ...args], { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT') child.kill(signal);
    });
  }
  const code = await new Promise((resolve) =>
    child.once('exit', (exit, signal) => resolve(signal ? 1 : (exit ?? 1))),
  );
  rmSync(outfile, { force: true });
  process.exit(code);
}
