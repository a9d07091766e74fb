import { type RunResult, runProgram } from '../kit/index.ts';

/** What a call-out program wrote: standard output, then standard error, without empty lines. */
export function outputLines(result: Pick<RunResult, 'stdout' | 'stderr'>): readonly string[] {
  const text = `${result.stdout.toString('utf8')}\n${result.stderr.toString('utf8')}`;
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

/** Runs a call-out with a small output bound: a sentence or two for a user. */
export function callOut(
  program: string,
  args: readonly string[],
  options: { readonly input?: Uint8Array; readonly signal?: AbortSignal | undefined },
): Promise<RunResult> {
  return runProgram(program, args, {
    maxOutputBytes: 64 * 1024,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}
