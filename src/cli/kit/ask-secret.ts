import { closeSync, openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { Secret } from '../../kit/index.ts';
import { writeDescriptor } from './write-sync.ts';

/** Bytes a typed pass phrase may have: the protocol's field holds 1024 with its NUL. */
const MAX_BYTES = 1023;

/** What a key does while a secret is typed. */
type Outcome = 'more' | 'done' | 'cancelled';

/** The bytes typed so far. */
export interface Typed {
  readonly bytes: number[];
}

/**
 * Takes one byte of a terminal in raw mode: Enter ends, ^C and ^D on an empty line give up, Backspace and ^U and ^W erase.
 * Erasing works by UTF-8 characters.
 */
export function typeByte(typed: Typed, byte: number): Outcome {
  const { bytes } = typed;
  switch (byte) {
    case 0x0d:
    case 0x0a:
      return 'done';
    case 0x03:
      return 'cancelled';
    case 0x04:
      return bytes.length === 0 ? 'cancelled' : 'done';
    case 0x7f:
    case 0x08:
      while (bytes.length > 0 && ((bytes.pop() ?? 0) & 0xc0) === 0x80) {}
      return 'more';
    case 0x15:
    case 0x17:
      bytes.length = 0;
      return 'more';
    default:
      if (bytes.length < MAX_BYTES) bytes.push(byte);
      return 'more';
  }
}

/** The controlling terminal, or undefined when there is none (cron, a service, `setsid`). */
export function openTerminal(): number | undefined {
  try {
    return openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
}

/**
 * Asks for a secret on an open terminal with echo off. The terminal is restored before this resolves, also on ^C (which resolves
 * to undefined) and when a signal ends the process.
 */
export async function askSecretOn(descriptor: number, prompt: string): Promise<Secret | undefined> {
  const terminal = new ReadStream(descriptor);
  const typed: Typed = { bytes: [] };
  const restore = (): void => {
    terminal.setRawMode(false);
  };
  // Signals that end a process would leave the user's shell without echo.
  const leave = (name: NodeJS.Signals): void => {
    restore();
    process.kill(process.pid, name);
  };
  process.once('SIGTERM', leave).once('SIGHUP', leave);
  terminal.setRawMode(true);
  writeDescriptor(descriptor, prompt);
  try {
    const outcome = await new Promise<Outcome>((resolve) => {
      terminal.on('data', (chunk: Buffer) => {
        for (const byte of chunk) {
          const result = typeByte(typed, byte);
          if (result !== 'more') return resolve(result);
        }
      });
      terminal.once('end', () => resolve('cancelled')).once('error', () => resolve('cancelled'));
    });
    return outcome === 'done' ? new Secret(Buffer.from(typed.bytes)) : undefined;
  } finally {
    typed.bytes.fill(0);
    writeDescriptor(descriptor, '\n');
    restore();
    process.off('SIGTERM', leave).off('SIGHUP', leave);
    terminal.destroy();
    closeQuietly(descriptor);
  }
}

function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // The stream has closed it already.
  }
}
