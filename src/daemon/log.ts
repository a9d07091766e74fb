import type { LogLevel } from '../myproxy/index.ts';
import { LineFile } from './line-file.ts';
import type { LogSettings } from './settings.ts';

/** The running log. */
export interface Log {
  /** One line; `reference` is a conversation's correlation id. Lines never hold secrets. */
  write(level: LogLevel, line: string, reference?: string): void;
  /** Opens the file again, for log rotation. */
  reopen(): void;
  close(): Promise<void>;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Opens the log: text lines as the C server writes them to syslog, or JSON lines by pino (loaded only then). */
export async function openLog(settings: LogSettings, ident: string): Promise<Log> {
  const sink = settings.file === undefined ? stderrSink() : new LineFile(settings.file);
  const least = RANK[settings.level];
  const emit =
    settings.format === 'json'
      ? (await import('./json-lines.ts')).jsonLines(sink, ident, settings.level)
      : textLines(sink, ident, settings);
  return {
    write: (level, line, reference) => {
      if (RANK[level] >= least) emit(level, line, reference);
    },
    reopen: () => sink.reopen(),
    close: () => sink.close(),
  };
}

/** Where finished lines go. */
interface Sink {
  write(line: string): void;
  reopen(): void;
  close(): Promise<void>;
}

/** Writes one line that is to be written, in some form. */
export type Emit = (level: LogLevel, line: string, reference: string | undefined) => void;

function textLines(sink: Sink, ident: string, { file }: LogSettings): Emit {
  // On a terminal or in a unit's journal the time is added by whoever reads.
  if (file === undefined) {
    return (_level, line, reference) =>
      sink.write(`${line}${reference === undefined ? '' : ` [${reference}]`}\n`);
  }
  return (level, line, reference) => {
    const time = new Date().toISOString();
    const mark = level === 'info' ? '' : `${level}: `;
    const tail = reference === undefined ? '' : ` [${reference}]`;
    sink.write(`${time} ${ident}[${process.pid}]: ${mark}${line}${tail}\n`);
  };
}

function stderrSink(): Sink {
  return {
    write: (line) => {
      process.stderr.write(line);
    },
    reopen: () => {},
    close: async () => {},
  };
}
