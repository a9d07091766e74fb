import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type RunResult, runProgram } from '../../src/kit/index.ts';
import { repositoryRoot } from './workspace.ts';

/** The TypeScript programs of a page of the documentation, as they stand there. */
export function examplesOf(page: string): readonly string[] {
  const text = readFileSync(join(repositoryRoot, page), 'utf8');
  return [...text.matchAll(/^```ts\n(import .*?)^```$/gms)].map((match) => match[1] ?? '');
}

/** Runs one of them in `directory`, with `latchkey/…` meaning this checkout's sources. */
export async function runExample(
  example: string,
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<RunResult> {
  const program = await buildExample(example, directory);
  return runProgram(process.execPath, [program], { cwd: directory, env, timeoutMs: 60_000 });
}

/** Makes one of them a program in `directory`, with `latchkey/…` meaning this checkout's sources; gives its path. */
export async function buildExample(example: string, directory: string): Promise<string> {
  const source = join(directory, 'example.ts');
  const outfile = join(directory, 'example.mjs');
  writeFileSync(source, example);
  const alias = Object.fromEntries(
    ['kit', 'x509', 'myproxy', 'tokens', 'oauth', 'ec2', 'pyro'].map((room) => [
      `latchkey/${room}`,
      join(repositoryRoot, 'src', room, 'index.ts'),
    ]),
  );
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    alias,
  });
  return outfile;
}
