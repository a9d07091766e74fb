// The least that a command over a kept shell can cost: a shell over there that is given text and answers on both outputs, with
// nothing of ours around it. What ours takes more than this is ours; what this takes is ssh, sshd, the shell, its fork and the program.
import { spawn } from 'node:child_process';

/** A shell on an ssh connection, spoken to without any care. */
export interface BareShell {
  /** Sends one line and resolves when a line has come back on each output. */
  answer(text: string): Promise<void>;
  close(): void;
}

/** What is fed to the shell after `command`, so that both outputs say that it has ended. */
export const BOTH_ANSWER = '; echo . ; echo . >&2\n';

/** Starts `/bin/sh` through `ssh ARGS… 127.0.0.1`. */
export function bareShell(sshArgs: readonly string[]): BareShell {
  const child = spawn('ssh', [...sshArgs, '127.0.0.1', 'exec /bin/sh'], { stdio: 'pipe' });
  let heard = 0;
  let wake = () => {};
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 0x0a) heard += 1;
      if (heard >= 2) wake();
    });
  }
  return {
    answer: (text) =>
      new Promise((resolve) => {
        heard = 0;
        wake = resolve;
        child.stdin.write(text);
      }),
    close: () => child.kill(),
  };
}
