import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** What condor_master hands down for its own kind: its address, and the key of a session with it. */
const INHERITED = ['CONDOR_PRIVATE_INHERIT', 'CONDOR_INHERIT'];

/**
 * Forgets what condor_master handed down, before anything else is done: programs that we run must not have it, nor who
 * reads `/proc/<pid>/environ` afterwards.
 */
export function dropInheritance(env: NodeJS.ProcessEnv = process.env): void {
  const present = INHERITED.filter((name) => env[name] !== undefined);
  for (const name of present) delete env[name];
  if (present.length > 0 && env === process.env && process.platform === 'linux') wipe(present);
}

/** The kernel shows the memory that the process began with; deleting a variable does not touch that. */
function wipe(names: readonly string[]): void {
  try {
    // With a zero before it, the first variable is like any other.
    const environment = Buffer.concat([Buffer.of(0), readFileSync('/proc/self/environ')]);
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // Field 50 of proc(5), counted from after the name in parentheses: where the environment begins.
    const start = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[47]);
    if (!Number.isSafeInteger(start) || start === 0) return;
    const memory = openSync('/proc/self/mem', 'r+');
    try {
      for (const name of names) {
        const mark = Buffer.from(`\0${name}=`);
        const at = environment.indexOf(mark);
        if (at < 0) continue;
        const value = at + mark.length;
        const end = environment.indexOf(0, value);
        const length = (end < 0 ? environment.length : end) - value;
        writeSync(memory, Buffer.alloc(length), 0, length, start + value - 1);
      }
    } finally {
      closeSync(memory);
    }
  } catch {
    // Hardened kernels refuse it; the variable is gone from what programs of ours get all the same.
  }
}
