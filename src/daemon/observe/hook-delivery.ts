import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { LatchkeyError, quote, runProgram, Secret } from '../../kit/index.ts';
import type { HookEvent } from './hook-event.ts';
import type { HookSettings } from './hook-settings.ts';

const MOST_OUTPUT_BYTES = 64 << 10;

/**
 * Tells a hook of some events: a program on its standard input, one JSON line an event, with nothing of them in its
 * arguments or environment; a web address by POST, as `{"events": […]}`.
 *
 * @throws LatchkeyError `program/failed`, `program/timed-out`, `http/unreachable`, `http/timed-out`, `file/io`
 */
export async function deliverToHook(
  { target, timeoutSeconds }: HookSettings,
  events: readonly HookEvent[],
  signal: AbortSignal,
): Promise<void> {
  if (target.kind === 'command') await runHook(target.command, events, { timeoutSeconds, signal });
  else await postHook(target, events, { timeoutSeconds, signal });
}

/** True for https, and for http to this machine. */
export function isSafeHookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  if (protocol === 'https:') return true;
  const isLoopback =
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
  return protocol === 'http:' && isLoopback;
}

interface Limits {
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

async function runHook(
  [program, ...args]: readonly [string, ...string[]],
  events: readonly HookEvent[],
  { timeoutSeconds, signal }: Limits,
): Promise<void> {
  const { code } = await runProgram(program, args, {
    input: events.map((event) => `${JSON.stringify(event)}\n`).join(''),
    // Nothing of ours: condor_master's environment has a session key in it.
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    cwd: '/',
    timeoutMs: timeoutSeconds * 1000,
    maxOutputBytes: MOST_OUTPUT_BYTES,
    signal,
  });
  if (code !== 0)
    throw new LatchkeyError('program/failed', `${quote(program)} ended with status ${code}`, {
      retryable: true,
    });
}

async function postHook(
  { url, tokenFile }: HookSettings['target'] & { readonly kind: 'webhook' },
  events: readonly HookEvent[],
  { timeoutSeconds, signal }: Limits,
): Promise<void> {
  if (!isSafeHookUrl(url))
    throw new LatchkeyError('config/invalid', 'a webhook must be https, or http to this machine');
  const token = tokenFile === undefined ? undefined : await bearerToken(tokenFile);
  const { origin } = new URL(url);
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token.revealText()}` }),
    },
    body: JSON.stringify({ events }),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]),
  }).catch((cause: unknown) => {
    const isLate = cause instanceof Error && cause.name === 'TimeoutError';
    throw new LatchkeyError(
      isLate ? 'http/timed-out' : 'http/unreachable',
      isLate
        ? `${origin} did not answer within ${timeoutSeconds} s`
        : `${origin} cannot be reached: ${reasonOf(cause)}`,
      { cause, retryable: true },
    );
  });
  await response.body?.cancel();
  if (!response.ok)
    throw new LatchkeyError('http/unreachable', `${origin} answered with status ${response.status}`, {
      retryable: response.status >= 500 || response.status === 429,
    });
}

/** What undici hides behind "fetch failed". */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return 'no connection';
}

async function bearerToken(path: string): Promise<Secret> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new LatchkeyError('file/io', `cannot read ${quote(path)}: ${cause.code ?? 'unknown error'}`, {
      cause,
    });
  });
  return new Secret(text.split('\n', 1)[0]?.trim() ?? '');
}
