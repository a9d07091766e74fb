import { spawn } from 'node:child_process';

/** What sees to the jobs when their server is gone. */
export interface Warden {
  /** There are none any more: it goes without doing anything. */
  dismiss(): void;
}

/** One that was killed is replaced, but not in a loop. */
const AGAIN_MS = 1000;

/**
 * Starts what waits for this process to end, however it does, and then runs a command: a shell until then, which costs next to nothing. It
 * is in no group of ours, so that what ends us does not end it.
 *
 * @param command see {@link watchOrphans}
 */
export function startWarden(command: readonly string[]): Warden {
  const script = 'read -r word || exec "$@"';
  let isDismissed = false;
  const begin = () => {
    const child = spawn('/bin/sh', ['-c', script, 'latchkey-warden', ...command], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
    });
    child.stdin.on('error', () => {});
    child.unref();
    const replace = () => {
      if (!isDismissed) current = begin();
    };
    const again = () => {
      if (!isDismissed) setTimeout(replace, AGAIN_MS).unref();
    };
    child.once('exit', again).once('error', again);
    return child;
  };
  let current = begin();
  return {
    dismiss: () => {
      isDismissed = true;
      current.stdin.end('ended\n');
    },
  };
}
