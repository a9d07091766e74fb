import { type ChildProcess, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { LatchkeyError } from '../kit/index.ts';
import type { AskpassServer } from './askpass/server.ts';
import { loginFailure, plainLine } from './failure.ts';
import { type LoginPlan, programMissing } from './login-plan.ts';
import { MuxClient } from './mux/client.ts';
import { Prober } from './mux/prober.ts';
import { signalGroup } from './signal-group.ts';

/** Lines of standard error that are kept to tell why it ended. */
const MAX_LINES = 100;
const MAX_LINE_CHARACTERS = 2000;
/** A process that does not go when asked is killed after this long. */
const STOP_TIMEOUT_MS = 2000;

/** A logged-in ssh that others ride on through its control socket. */
export interface Master {
  readonly pid: number;
  readonly controlPath: string;
  readonly mux: MuxClient;
  readonly prober: Prober;
  /** Resolves when the process has ended, with its last words. */
  readonly ended: Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface MasterStart {
  readonly plan: LoginPlan;
  readonly controlPath: string;
  readonly askpass: AskpassServer | undefined;
  /** For sentences. */
  readonly target: string;
  /** Called with each line of its standard error. */
  readonly onLine?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts ssh and resolves when it has logged in and answers on its control socket.
 *
 * @throws LatchkeyError `ssh/unreachable`, `ssh/host-key`, `ssh/denied`, `ssh/program`; the signal's reason
 */
export async function startMaster(start: MasterStart): Promise<Master> {
  const { plan, controlPath, askpass, target, signal } = start;
  signal?.throwIfAborted();
  askpass?.forget();
  // A group of its own, without a terminal: what it starts ends with it, and older versions then ask by askpass too.
  const child = spawn(plan.program, plan.masterArgs(controlPath), {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    cwd: '/',
    env: {
      ...plan.env,
      ...(askpass === undefined
        ? {}
        : { SSH_ASKPASS: askpass.program, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: plan.env.DISPLAY ?? ':0' }),
    },
  });
  const lines = keepLines(child, start.onLine);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(programMissing(plan.program, error)));
    child.once('close', () => resolve());
  });
  ended.catch(() => {});
  const guardian = child.pid === undefined ? undefined : guard(child.pid, dirname(controlPath));
  void ended.finally(() => guardian?.stdin?.end('ended\n')).catch(() => {});
  const stopped = new AbortController();
  const deadline = setTimeout(() => {
    const seconds = plan.connectTimeoutMs / 1000;
    stopped.abort(
      new LatchkeyError('ssh/unreachable', `${target} did not finish the login within ${seconds} s`, {
        retryable: true,
        hint: 'the machine, or one on the way, is overloaded or frozen',
        details: { reason: 'timed-out', lines: lines.slice(-12) },
      }),
    );
  }, plan.connectTimeoutMs);
  const onAbort = () => stopped.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([
      untilExists(controlPath, stopped.signal),
      ended.then(() => {
        throw loginFailure({
          target,
          lines,
          unanswered: askpass?.unanswered ?? [],
          rejected: askpass?.rejected ?? [],
        });
      }),
    ]);
    const mux = await MuxClient.open(controlPath);
    const pid = await mux.alive();
    const prober = new Prober(controlPath);
    return {
      pid,
      controlPath,
      mux,
      prober,
      ended: ended.then(() => {
        mux.close();
        prober.close();
        return lines;
      }),
      stop: () => stopGroup(child, ended),
    };
  } catch (error) {
    await stopGroup(child, ended);
    throw error;
  } finally {
    clearTimeout(deadline);
    signal?.removeEventListener('abort', onAbort);
    stopped.abort();
  }
}

/** Resolves when the path is there. The directory's events tell at once; looking now and then is for where they are lost. */
async function untilExists(path: string, signal: AbortSignal): Promise<void> {
  const name = basename(path);
  await new Promise<void>((resolve, reject) => {
    const look = () => {
      access(path).then(finish, () => {});
    };
    const watcher = watch(dirname(path), { persistent: false }, (_, changed) => {
      if (changed === null || changed === name) look();
    });
    watcher.on('error', () => {});
    const timer = setInterval(look, 250);
    const end = () => {
      watcher.close();
      clearInterval(timer);
    };
    const finish = () => {
      end();
      resolve();
    };
    signal.addEventListener(
      'abort',
      () => {
        end();
        reject(signal.reason);
      },
      { once: true },
    );
    look();
  });
}

function keepLines(child: ChildProcess, onLine: (line: string) => void = () => {}): string[] {
  const lines: string[] = [];
  let rest = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => {
    const parts = (rest + text).split(/\r?\n/);
    rest = (parts.pop() ?? '').slice(0, MAX_LINE_CHARACTERS);
    const whole = parts.flatMap((line) =>
      line === '' ? [] : (plainLine(line.slice(0, MAX_LINE_CHARACTERS)) ?? []),
    );
    for (const line of whole) onLine(line);
    lines.push(...whole.slice(-MAX_LINES));
    if (lines.length > MAX_LINES) lines.splice(0, lines.length - MAX_LINES);
  });
  child.stderr?.on('end', () => {
    const last = plainLine(rest);
    if (last !== undefined && last !== '') lines.push(last);
  });
  return lines;
}

/**
 * A process that does nothing but wait for us to end: when we do without a word (a crash, SIGKILL), it ends ssh and removes
 * the directory. No login is left behind by a process that is no more.
 */
function guard(pid: number, directory: string): ChildProcess {
  const script = 'read -r word || { kill -TERM "-$1" 2>/dev/null; rm -rf -- "$2"; }';
  const child = spawn('/bin/sh', ['-c', script, 'latchkey-ssh-guard', String(pid), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  });
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  return child;
}

async function stopGroup(child: ChildProcess, ended: Promise<void>): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!signalGroup(child, signal)) return;
    const timer = new AbortController();
    const limit = new Promise<'limit'>((resolve) => {
      const handle = setTimeout(() => resolve('limit'), STOP_TIMEOUT_MS);
      timer.signal.addEventListener('abort', () => clearTimeout(handle));
    });
    const outcome = await Promise.race([
      ended.then(
        () => 'ended' as const,
        () => 'ended' as const,
      ),
      limit,
    ]);
    timer.abort();
    if (outcome === 'ended') return;
  }
}
