import { readFile } from 'node:fs/promises';
import type { HookSettings } from '../../credmon/index.ts';
import { boundedFetch, isLatchkeyError, LatchkeyError, quote, runProgram, Secret } from '../../kit/index.ts';
import type { HookEvent } from './hook-event.ts';

const MOST_OUTPUT_BYTES = 64 << 10;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Tells a hook of some events.
 *
 * @throws LatchkeyError `program/…`, `http/…`, `file/io`; `retryable` when the same may work later
 */
export type HookDelivery = (events: readonly HookEvent[], signal: AbortSignal) => Promise<void>;

/**
 * The way to a hook: a program gets the events on its standard input, one JSON line each, and nothing of them in its
 * arguments or environment; a web address gets them by POST, as `{"events": […]}`.
 *
 * @throws LatchkeyError `config/invalid`
 */
export function hookDelivery({ target, timeoutSeconds }: HookSettings): HookDelivery {
  if (target.kind === 'command') return commandDelivery(target.command, timeoutSeconds);
  if (!isSafeHookUrl(target.url))
    throw new LatchkeyError(
      'config/invalid',
      'a webhook must be an https URL, or an http URL of this machine',
    );
  return webhookDelivery(target, timeoutSeconds);
}

/** True for https, and for http to this machine; without user name or password in it. */
export function isSafeHookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

function commandDelivery(
  [program, ...args]: readonly [string, ...string[]],
  timeoutSeconds: number,
): HookDelivery {
  return async (events, signal) => {
    const { code } = await runProgram(program, args, {
      input: events.map((event) => `${JSON.stringify(event)}\n`).join(''),
      // Nothing of ours: a monitor's environment may name what others should not see.
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
      cwd: '/',
      timeoutMs: timeoutSeconds * 1000,
      maxOutputBytes: MOST_OUTPUT_BYTES,
      signal,
    });
    if (code === 0) return;
    throw new LatchkeyError('program/failed', `${quote(program)} ended with status ${code}`, {
      retryable: true,
    });
  };
}

function webhookDelivery(
  { url, tokenFile, caFile }: HookSettings['target'] & { readonly kind: 'webhook' },
  timeoutSeconds: number,
): HookDelivery {
  let send: typeof fetch | undefined;
  return async (events, signal) => {
    const ca = caFile === undefined ? undefined : await readText(caFile);
    send ??= boundedFetch({ ca, timeoutMs: timeoutSeconds * 1000, dangerouslyAllowHttp: true });
    const token = tokenFile === undefined ? undefined : await bearerToken(tokenFile);
    const { origin } = new URL(url);
    const response = await send(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token.revealText()}` }),
      },
      body: JSON.stringify({ events }),
      signal,
    }).catch((error: unknown) => {
      // The path of a webhook is often its secret: only the origin is named.
      const code = isLatchkeyError(error) ? error.code : 'http/unreachable';
      throw new LatchkeyError(code, `${origin} was not told: ${code}`, { retryable: true });
    });
    if (response.ok) return;
    throw new LatchkeyError('http/unreachable', `${origin} answered with status ${response.status}`, {
      retryable: response.status >= 500 || response.status === 429,
    });
  };
}

async function bearerToken(path: string): Promise<Secret> {
  const text = await readText(path);
  return new Secret(text.split('\n', 1)[0]?.trim() ?? '');
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new LatchkeyError('file/io', `cannot read ${quote(path)}: ${cause.code ?? 'unknown error'}`, {
      cause,
    });
  });
}
