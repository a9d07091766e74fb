import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import { LatchkeyError } from './errors.ts';
import { machineRoots } from './machine-roots.ts';
import { printable } from './printable.ts';

/** How {@link boundedFetch} is bounded. */
export interface FetchOptions {
  /** PEM certificates trusted besides the machine's. */
  readonly ca?: string | undefined;
  /** Milliseconds for a whole request, from connecting to the last byte; default 20 000. */
  readonly timeoutMs?: number | undefined;
  /** Longest response body in bytes; default 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** Plain http to the loopback address. */
  readonly dangerouslyAllowHttp?: boolean | undefined;
  /** Accepts any server certificate. */
  readonly dangerouslySkipTlsVerify?: boolean | undefined;
}

const DEFAULT_TIMEOUT_MS = 20_000;
const DEFAULT_MAX_BYTES = 1_048_576;

/** Idle connections go before servers close them (Apache, Node: 5 s), so that no POST meets one that is just closing. */
const IDLE_MS = 4_000;

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * A `fetch` for talking to servers nobody here controls: https only, the machine's certificates and `ca`, one time-out for the
 * whole request, a bounded body, kept connections, and redirects answered as they are and never followed. It asks for no
 * compression. Errors name the server's origin and path, never a query, header or body.
 *
 * @throws LatchkeyError `http/insecure`, `http/unreachable`, `http/tls`, `http/timed-out`, `http/too-large`, `http/malformed`; what the
 * `signal` says when it is aborted
 */
export function boundedFetch(options: FetchOptions = {}): typeof fetch {
  const agents = new Map<string, HttpAgent>();
  return async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const isPlain = checkScheme(url, options);
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    const agent = agents.get(url.protocol) ?? makeAgent(isPlain, options);
    agents.set(url.protocol, agent);
    return await exchange(url, request, body, agent, options);
  };
}

/** True for plain http, where it is allowed. */
function checkScheme(url: URL, options: FetchOptions): boolean {
  if (url.protocol === 'https:') return false;
  if (url.protocol === 'http:' && options.dangerouslyAllowHttp === true && LOOPBACK.test(url.hostname))
    return true;
  throw new LatchkeyError('http/insecure', `expected an https URL, got ${place(url)}`, {
    hint: 'secrets travel over https only: use the https address of this server',
  });
}

function makeAgent(isPlain: boolean, options: FetchOptions): HttpAgent {
  const common = { keepAlive: true, timeout: IDLE_MS, maxSockets: 64, maxFreeSockets: 8 };
  if (isPlain) return new HttpAgent(common);
  const ca = options.ca === undefined ? machineRoots() : [...machineRoots(), options.ca];
  // Made once: reading some 140 certificates takes longer than the handshake.
  const secureContext = createSecureContext({ ca, minVersion: 'TLSv1.2' });
  const rejectUnauthorized = options.dangerouslySkipTlsVerify !== true;
  return new HttpsAgent({ ...common, secureContext, rejectUnauthorized });
}

function exchange(
  url: URL,
  request: Request,
  body: Buffer | undefined,
  agent: HttpAgent,
  { timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES }: FetchOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    if (signal.aborted) return reject(signal.reason);
    const headers: Record<string, string> = Object.fromEntries(request.headers);
    if (body !== undefined) headers['content-length'] = String(body.length);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = send(url, { method: request.method, headers, agent });
    const stop = (error: unknown): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      reject(error);
      outgoing.destroy();
    };
    const onAbort = (): void => stop(signal.reason);
    const timer = setTimeout(() => stop(timedOut(url, timeoutMs)), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    outgoing.on('error', (error) => stop(unreachable(url, error)));
    outgoing.on('response', (incoming) => {
      readBody(incoming, maxBytes, url)
        .then((bytes) => {
          const response = toResponse(incoming, bytes, url);
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          resolve(response);
        })
        .catch((error: unknown) => stop(error instanceof LatchkeyError ? error : unreachable(url, error)));
    });
    outgoing.end(body);
  });
}

async function readBody(incoming: IncomingMessage, maxBytes: number, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of incoming) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(url, maxBytes);
    }
  } catch (error) {
    throw error instanceof LatchkeyError ? error : unreachable(url, error);
  }
  return Buffer.concat(chunks);
}

function toResponse(incoming: IncomingMessage, bytes: Buffer, url: URL): Response {
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '');
  }
  const status = incoming.statusCode ?? 0;
  if (status < 200 || status > 599) throw malformed(url, `the status ${status}`);
  return new Response(WITHOUT_BODY.has(status) ? null : new Uint8Array(bytes), { status, headers });
}

function timedOut(url: URL, timeoutMs: number): LatchkeyError {
  return new LatchkeyError('http/timed-out', `no complete answer from ${place(url)} within ${timeoutMs} ms`, {
    retryable: true,
    hint: 'the server is slow or the network drops packets: it will be tried again',
  });
}

function tooLarge(url: URL, maxBytes: number): LatchkeyError {
  return new LatchkeyError('http/too-large', `the answer of ${place(url)} is longer than ${maxBytes} bytes`, {
    hint: 'this is not what such a server answers: check the address',
  });
}

function malformed(url: URL, what: string): LatchkeyError {
  return new LatchkeyError('http/malformed', `expected an HTTP answer from ${place(url)}, got ${what}`, {
    hint: 'is this the address of a web server?',
  });
}

const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH)/;

/** Plain words for what `node:net` and `node:dns` call it. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the server closed the connection',
  EPIPE: 'the server closed the connection',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
};

function unreachable(url: URL, error: unknown): LatchkeyError {
  const { code = '', message = '' } = (error ?? {}) as { code?: string; message?: string };
  if (TLS_CODES.test(code)) {
    return new LatchkeyError('http/tls', `no trusted TLS connection to ${place(url)}: ${code}`, {
      retryable: true,
      hint: "check the server's certificate, or name the file with its CA",
    });
  }
  if (code.startsWith('HPE_')) return malformed(url, code);
  const why = WORDS[code] ?? (code === '' ? printable(message.slice(0, 100)) : code);
  return new LatchkeyError('http/unreachable', `cannot reach ${place(url)}: ${why}`, {
    retryable: true,
    hint: 'is the server up, and its name and port right?',
    details: code === '' ? {} : { reason: code },
  });
}

/** What may be said of a URL: queries and fragments can hold secrets. */
function place(url: URL): string {
  return printable(`${url.origin === 'null' ? url.protocol : url.origin}${url.pathname}`).slice(0, 200);
}
