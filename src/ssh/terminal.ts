import { spawn } from 'node:child_process';
import { LatchkeyError } from '../kit/index.ts';
import type { SessionHost } from './session.ts';

/**
 * Gives this process's terminal to a login shell over there, until it ends.
 *
 * @returns its exit code
 * @throws LatchkeyError `ssh/lost`
 */
export function attachTerminal(host: SessionHost): Promise<number> {
  const settings = ['ControlMaster=no', 'BatchMode=yes', 'ProxyCommand=exit 254', 'LogLevel=ERROR'];
  const args = [
    ...['-F', 'none', '-S', host.controlPath, '-t'],
    ...settings.flatMap((setting) => ['-o', setting]),
    ...['--', 'latchkey'],
  ];
  // The terminal's own signals go to the shell over there, and are none of ours meanwhile.
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(host.program, args, {
      env: { ...host.env, TERM: process.env.TERM },
      stdio: 'inherit',
    });
    const lost = (cause: unknown): void =>
      reject(new LatchkeyError('ssh/lost', 'the connection was lost', { retryable: true, cause }));
    child.once('error', lost);
    child.once('close', (code) => {
      const cause = host.lostCause();
      if (code === null || cause !== undefined) lost(cause);
      else resolve(code);
    });
  }).finally(() => process.off('SIGINT', ignore));
}
