// `npm start`: builds the executable when needed and becomes `latchkey serve`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale } from './build.mjs';
import { root } from './root.mjs';

export async function main(args) {
  const started = Date.now();
  if (await buildIfStale()) {
    process.stderr.write(`  ✔ built${`${((Date.now() - started) / 1000).toFixed(1)} s`.padStart(67)}\n`);
  }
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=4', join(root, 'dist/bin/latchkey.js'), 'serve', ...args],
    {
      cwd: process.cwd(),
      stdio: 'inherit',
    },
  );
  // The terminal sends ^C to both processes; the parent only waits, so that the last line is the server's.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT') child.kill(signal);
    });
  }
  const code = await new Promise((resolve) =>
    child.once('exit', (exit, signal) => resolve(signal ? 1 : (exit ?? 1))),
  );
  process.exit(code);
}
