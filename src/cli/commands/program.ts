import { LatchkeyError } from '../../kit/index.ts';

/**
 * The `latchkey` command: `argv` is what follows the program's name. Prints its results on standard output, its talk and
 * errors on standard error, and resolves to the exit code; it never throws and never calls `process.exit`.
 */
export function runLatchkey(argv: readonly string[]): Promise<number> {
  return Promise.reject(new LatchkeyError('cli/usage', `not there yet: ${argv.join(' ')}`));
}
