/** Tells a person what happens, a line or two a step. */
export interface Narrator {
  /** A heading. */
  chapter(title: string): void;
  /** Something that has worked. */
  done(what: string, detail?: string): void;
  /** Something a daemon did by itself. */
  note(who: string, what: string): void;
  /** Text as a program printed it. */
  screen(text: string): void;
  /** Something for the person to do. */
  please(what: string): void;
}

const WIDTH = 24;

/** A narrator with time stamps since now; colours only on a terminal. */
export function narrate(output: NodeJS.WriteStream): Narrator {
  const startedAt = Date.now();
  const paint = (code: string, text: string): string =>
    output.isTTY === true && process.env.NO_COLOR === undefined ? `\x1b[${code}m${text}\x1b[0m` : text;
  const line = (mark: string, text: string): void => {
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(6);
    output.write(`${paint('2', seconds)}  ${mark} ${text}\n`);
  };
  return {
    chapter: (title) => void output.write(`\n${paint('1', title)}\n`),
    done: (what, detail) =>
      line(paint('32', '✔'), detail === undefined ? what : `${what.padEnd(WIDTH)}${detail}`),
    note: (who, what) => line(paint('2', '·'), `${paint('2', who.padEnd(WIDTH))}${what}`),
    screen: (text) => {
      for (const row of text.trimEnd().split('\n')) output.write(`          ${paint('36', `│ ${row}`)}\n`);
    },
    please: (what) => line(paint('33', '▶'), paint('1', what)),
  };
}
