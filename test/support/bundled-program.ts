import { chmodSync } from 'node:fs';
import { build } from 'esbuild';
import { repositoryRoot } from './workspace.ts';

/** Makes a program of its own, which anybody can run, of a source whose imports begin at the repository: `./src/kit/index.ts`. */
export async function bundledProgram(outfile: string, source: string): Promise<string> {
  await build({
    stdin: { contents: source, resolveDir: repositoryRoot, loader: 'ts' },
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
  });
  chmodSync(outfile, 0o644);
  return outfile;
}
