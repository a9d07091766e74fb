import { LatchkeyError, quote } from '../../kit/index.ts';
import type { ForwardEnd, ForwardSpec } from '../../ssh/index.ts';

const HINT = 'L:PORT:HOST:PORT, R:PORT:HOST:PORT, D:PORT; an address or a socket path may stand for each end';

/**
 * Reads a forward as ssh writes it, behind its letter: `L:8080:db:5432`, `R:[::1]:2222:localhost:22`, `L:/run/a.sock:/run/b.sock`,
 * `D:1080`. Port 0 to listen on = any free one.
 *
 * @throws LatchkeyError `cli/usage`
 */
export function parseForward(text: string): ForwardSpec {
  const [, letter = '', rest = ''] = /^([LRD]):(.*)$/i.exec(text) ?? [];
  const parts = split(rest);
  const kind = { L: 'local', R: 'remote', D: 'dynamic' }[letter.toUpperCase()];
  if (kind === 'dynamic') {
    const listen = listenEnd(parts);
    if (listen !== undefined && 'port' in listen && parts.length <= 2) return { kind, listen };
  } else if (kind === 'local' || kind === 'remote') {
    // What to connect to is a socket, or a host and a port.
    const size = parts.at(-1)?.startsWith('/') ? 1 : 2;
    const listen = listenEnd(parts.slice(0, -size));
    const connect = end(parts.slice(-size));
    if (listen !== undefined && connect !== undefined && !('port' in connect && connect.port === 0))
      return { kind, listen, connect };
  }
  throw new LatchkeyError('cli/usage', `${quote(text)} is no forward`, { hint: HINT });
}

/** Colons part it, but not within brackets. */
function split(text: string): readonly string[] {
  return [...text.matchAll(/\[([^\]]*)\]|([^:]+)/g)].map(([, inner, plain]) => inner ?? plain ?? '');
}

function listenEnd(parts: readonly string[]): ForwardEnd | undefined {
  const [first = ''] = parts;
  if (parts.length === 1 && /^\d+$/.test(first)) return withPort(undefined, first);
  return end(parts);
}

function end(parts: readonly string[]): ForwardEnd | undefined {
  const [first = '', second = ''] = parts;
  if (parts.length === 1) return first.startsWith('/') ? { socketPath: first } : undefined;
  return parts.length === 2 ? withPort(first, second) : undefined;
}

function withPort(host: string | undefined, text: string): ForwardEnd | undefined {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) return undefined;
  return { ...(host === undefined ? {} : { host }), port: Number(text) };
}
