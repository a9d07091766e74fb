import { renameSync, statSync, unlinkSync } from 'node:fs';
import { printable } from '../../kit/index.ts';
import { LineFile } from '../line-file.ts';
import type { CredmonLogLevel } from './running-credmon.ts';

/** How the log is kept: `<NAME>_LOG`, `MAX_<NAME>_LOG`, `MAX_NUM_<NAME>_LOG`, `<NAME>_DEBUG`. */
export interface CredmonLogSettings {
  /** Absent = standard error. */
  readonly file?: string | undefined;
  /** 0 = never rotated. */
  readonly maxBytes: number;
  /** Old files that are kept besides the current one. */
  readonly maxFiles: number;
  readonly isVerbose: boolean;
}

/** A log in the manner of HTCondor's daemons: `11/22/26 23:41:07 LOCAL: Successfully renewed …`. */
export interface CredmonLog {
  write(level: CredmonLogLevel, line: string): void;
  reopen(): void;
  close(): Promise<void>;
}

/**
 * Opens the log. Control characters in lines are shown as `?`, so that no name forges a line.
 *
 * @throws LatchkeyError `file/io` when it cannot be written
 */
export function openCredmonLog(settings: CredmonLogSettings): CredmonLog {
  const { file, maxBytes, maxFiles, isVerbose } = settings;
  const sink = file === undefined ? standardError() : rotating(file, maxBytes, maxFiles);
  return {
    write: (level, line) => {
      if (level === 'debug' && !isVerbose) return;
      const mark = MARKS[level];
      sink.write(`${timeText(new Date())} ${mark}${printable(line)}\n`);
    },
    reopen: () => sink.reopen(),
    close: () => sink.close(),
  };
}

const MARKS: Readonly<Record<CredmonLogLevel, string>> = {
  debug: '(D_FULLDEBUG) ',
  info: '',
  warn: 'WARNING: ',
  error: 'ERROR: ',
};

interface Sink {
  write(line: string): void;
  reopen(): void;
  close(): Promise<void>;
}

function standardError(): Sink {
  return {
    write: (line) => void process.stderr.write(line),
    reopen: () => {},
    close: () => Promise.resolve(),
  };
}

/** Rotates by size: the file becomes `<file>.old` (one kept) or `<file>.1`, `<file>.2`, … */
function rotating(file: string, maxBytes: number, maxFiles: number): Sink {
  const lines = new LineFile(file);
  let bytes = sizeOf(file);
  const rotate = (): void => {
    bytes = 0;
    try {
      const names = oldNames(file, maxFiles);
      for (let index = names.length - 1; index > 0; index -= 1) {
        const [newer, older] = [names[index - 1], names[index]];
        if (newer !== undefined && older !== undefined && sizeOf(newer) > 0) renameSync(newer, older);
      }
      const first = names[0];
      // Not emptied: under the name may be a link of somebody who may write beside it.
      if (first === undefined) unlinkSync(file);
      else renameSync(file, first);
    } catch {
      // It grows on, and the next turn tries again.
    }
    lines.reopen();
  };
  return {
    write: (line) => {
      bytes += Buffer.byteLength(line);
      if (maxBytes > 0 && bytes > maxBytes) rotate();
      lines.write(line);
    },
    reopen: () => {
      lines.reopen();
      bytes = sizeOf(file);
    },
    close: () => lines.close(),
  };
}

function oldNames(file: string, maxFiles: number): string[] {
  if (maxFiles === 1) return [`${file}.old`];
  return Array.from({ length: Math.max(0, maxFiles) }, (_, index) => `${file}.${index + 1}`);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** `11/22/26 23:41:07`, local time, as HTCondor's daemons write it. */
function timeText(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${two(time.getMonth() + 1)}/${two(time.getDate())}/${two(time.getFullYear() % 100)}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
