import { type ChildProcess, spawn } from 'node:child_process';

/** Set for the process that does the work; taken out of its environment at once. */
const MARK = 'LATCHKEY_BACKGROUND';
const READY_TIMEOUT_MS = 60_000;

/**
 * A server's garbage is small and dies young: with a nursery of 4 MB instead of V8's 16 MB it works as fast, and keeps less
 * memory after a storm (`npm run bench -- myproxy`).
 */
const NODE_OPTIONS = ['--max-semi-space-size=4'];

/** What the server says to its starter. */
type Message = { readonly ready: true } | { readonly ready: false; readonly error: string };

/** True in the process that {@link startInBackground} has started. */
export function isBackground(): boolean {
  return process.send !== undefined && process.env[MARK] === '1';
}

/**
 * Starts this program again, with the same arguments, in a session of its own, and waits until it serves: so the exit
 * status of the starter means something. Node cannot fork.
 *
 * @returns exit status: 0 once it serves, 1 after saying on standard error why it does not
 */
export function startInBackground(): Promise<number> {
  // Under systemd, standard error leads to the journal and may stay open; elsewhere it belongs to a terminal.
  const stderr = process.env.JOURNAL_STREAM === undefined ? 'ignore' : 'inherit';
  const child = spawn(process.execPath, [...NODE_OPTIONS, ...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'ignore', stderr, 'ipc'],
    env: { ...process.env, [MARK]: '1' },
  });
  return outcome(child);
}

function outcome(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    const settle = (status: number, complaint?: string): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      if (complaint !== undefined) process.stderr.write(`${complaint}\n`);
      if (child.connected) child.disconnect();
      child.unref();
      resolve(status);
    };
    const timer = setTimeout(() => {
      child.kill('SIGTERM');
      settle(1, `the server did not come up within ${READY_TIMEOUT_MS / 1_000} s`);
    }, READY_TIMEOUT_MS);
    child.once('message', (message) => {
      const said = message as Message;
      if (said.ready) settle(0);
      else settle(1, said.error);
    });
    child.once('error', (error) => settle(1, `cannot start the server: ${error.message}`));
    child.once('exit', (code, signal) => settle(1, `the server ended with ${signal ?? `status ${code}`}`));
  });
}

/** Takes the marks of the starter off: other programs this one runs must not carry them. */
export function enterBackground(): void {
  delete process.env[MARK];
  process.umask(0o077);
}

/** Tells the starter that the server serves, or why it does not. */
export async function tellStarter(error?: string): Promise<void> {
  const message: Message = error === undefined ? { ready: true } : { ready: false, error };
  await new Promise<void>((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
  if (process.connected) process.disconnect();
}
