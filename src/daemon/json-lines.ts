import { pino } from 'pino';
import type { LogLevel } from '../myproxy/index.ts';
import type { Emit } from './log.ts';

/** JSON lines as pino writes them, with the time in ISO 8601 and a conversation's reference as `ref`. Loaded late: pino is large. */
export function jsonLines(sink: { write(line: string): void }, ident: string, level: LogLevel): Emit {
  const logger = pino(
    { name: ident, level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => sink.write(line) },
  );
  return (at, line, reference) => {
    if (reference === undefined) logger[at](line);
    else logger[at]({ ref: reference }, line);
  };
}
