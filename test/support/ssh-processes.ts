import { readFileSync } from 'node:fs';
import { processTree } from './processes.ts';

/** The ssh processes below a process, with their words. */
export function sshProcesses(
  root: number,
): readonly { readonly pid: number; readonly words: readonly string[] }[] {
  return processTree(root).flatMap((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
      return words[0]?.endsWith('ssh') ? [{ pid, words }] : [];
    } catch {
      return [];
    }
  });
}

/** The private directories that they work in. */
export function sshDirectories(root: number): ReadonlySet<string> {
  const text = sshProcesses(root).flatMap(({ words }) => words);
  return new Set(text.flatMap((word) => /^(\/.*latchkey-\w{6})\//.exec(word)?.[1] ?? []));
}
