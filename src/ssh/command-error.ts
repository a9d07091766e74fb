import { LatchkeyError, quote } from '../kit/index.ts';
import type { CommandOptions } from './transport.ts';

/** Why a command was ended by us. */
export type StopReason = 'timed-out' | 'cancelled' | 'stopped' | 'too-much-output';

/** Milliseconds a command may take when nothing else is said. */
export const DEFAULT_TIMEOUT_MS = 60_000;
/** Bytes of each output that are kept when nothing else is said. */
export const DEFAULT_MAX_OUTPUT_BYTES = 16 << 20;

/** The error of a command that was ended. */
export function commandStopped(
  reason: StopReason,
  options: CommandOptions,
  ran: 'no' | 'unknown' = 'unknown',
): LatchkeyError {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES, signal } = options;
  const sentence = {
    'timed-out': `the command did not end within ${timeoutMs / 1000} s`,
    cancelled: 'the command was cancelled',
    stopped: 'the command was stopped',
    'too-much-output': `the command wrote more than ${maxOutputBytes} bytes`,
  }[reason];
  return new LatchkeyError('ssh/command', sentence, {
    details: { reason, ran },
    ...(reason === 'cancelled' && signal?.aborted ? { cause: signal.reason } : {}),
  });
}

/** The error of a command whose directory is not there: it did not run. */
export function noDirectory(options: CommandOptions): LatchkeyError {
  return new LatchkeyError('ssh/command', `cannot work in ${quote(options.cwd ?? '')}: no such directory`, {
    details: { reason: 'no-directory', ran: 'no' },
  });
}
