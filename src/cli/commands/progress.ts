import type { Invocation } from './command.ts';

/** Milliseconds after which a step counts as long, and between two signs of life. */
const PATIENCE_MS = 150;
const FRAMES = ['⠋', '⠙', '⠸', '⠴', '⠦', '⠇'];

/**
 * Runs a task that says what it is at; on a terminal a step that takes long is shown with the seconds it has taken, and wiped
 * when it is over. Silent elsewhere.
 */
export async function withProgress<Value>(
  { context, json, given }: Invocation,
  task: (begin: (what: string) => void) => Promise<Value>,
): Promise<Value> {
  const isShown = process.stderr.isTTY === true && !json && !given.flag('quiet');
  let what = '';
  let started = 0;
  let frame = 0;
  const timer = isShown
    ? setInterval(() => {
        if (what === '') return;
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        frame += 1;
        context.err(`\r\x1b[K  ${FRAMES[frame % FRAMES.length]} ${what}  ${seconds} s`);
      }, PATIENCE_MS)
    : undefined;
  try {
    return await task((next) => {
      what = next;
      started = performance.now();
    });
  } finally {
    if (timer !== undefined) {
      clearInterval(timer);
      context.err('\r\x1b[K');
    }
  }
}
