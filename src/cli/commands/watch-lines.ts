import { setTimeout as delay } from 'node:timers/promises';
import { printable } from '../../kit/index.ts';
import { screenLines } from './models-screen.ts';

const CLEAR = '\u001b[H\u001b[2J';
const INTERVAL_MS = 1000;
/** `q`, and ^C and ^D, which are no signals on a terminal that gives each key as it comes. */
const ENDS = ['q', 'Q', '\u0003', '\u0004'];

/**
 * Shows something again every second, until `q`, ^C or a signal: on a terminal as a screen that fits it, else as text.
 *
 * @param read looks anew; only looks
 * @param heading how many of the first lines are always shown
 */
export async function watchLines(
  read: () => Promise<readonly string[]>,
  out: (text: string) => void,
  heading = 0,
): Promise<void> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  const release = endsByKey(end);
  const { stdout } = process;
  try {
    while (!ended.signal.aborted) {
      const lines = (await read()).map(printable);
      if (stdout.isTTY === true) out(screen(lines, heading, { rows: stdout.rows, columns: stdout.columns }));
      else out(`${lines.join('\n')}\n`);
      await delay(INTERVAL_MS, undefined, { signal: ended.signal }).catch(() => {});
    }
  } finally {
    release();
    process.off('SIGINT', end).off('SIGTERM', end);
    if (stdout.isTTY === true) out('\n');
  }
}

/** No newline at the end: on the last row it would scroll. */
function screen(
  lines: readonly string[],
  heading: number,
  size: { readonly rows: number; readonly columns: number },
): string {
  return `${CLEAR}${screenLines(lines, heading, size).join('\n')}`;
}

function endsByKey(end: () => void): () => void {
  const { stdin } = process;
  if (stdin.isTTY !== true) return () => {};
  const hear = (typed: Buffer): void => {
    if (ENDS.some((key) => typed.includes(key))) end();
  };
  stdin.setRawMode(true).on('data', hear).resume();
  return () => {
    stdin.off('data', hear).setRawMode(false).pause();
  };
}
