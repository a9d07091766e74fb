import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { LatchkeyError, quote } from '../kit/index.ts';
import {
  type Credential,
  checkServerIdentity,
  formatOneline,
  parseCertificate,
  sentChain,
  type TrustStore,
  tlsIdentity,
  validatePath,
} from '../x509/index.ts';
import { MAX_ANSWER_BYTES } from './response.ts';
import type { VomsServer } from './vomses.ts';

/** How a server is spoken to. */
export interface ContactOptions {
  /** Whom to be: the user's certificate, or a proxy. */
  readonly credential: Credential;
  readonly trust: TrustStore;
  readonly now: Date;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends one request over TLS and returns everything that came until the server closed. Before a byte is sent the server's
 * chain must lead to a trusted authority, and its name be the one of the `vomses` line.
 *
 * @throws LatchkeyError `voms/unreachable`, `voms/timed-out`, `voms/server-identity`, `voms/refused-certificate`, `voms/answer`;
 * the signal's own reason
 */
export async function exchange(
  server: VomsServer,
  request: string,
  options: ContactOptions,
): Promise<Buffer> {
  options.signal?.throwIfAborted();
  const socket = open(server, options.credential);
  try {
    return await conversation(socket, server, request, options);
  } finally {
    socket.destroy();
  }
}

function open({ host, port }: VomsServer, credential: Credential): TLSSocket {
  return connect({
    host,
    port,
    // Node cannot validate chains as grids have them: it is done before anything is sent.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    // No root certificates: they would not be used, and reading Node's own costs several milliseconds.
    ca: [],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...tlsIdentity(credential),
  });
}

function conversation(
  socket: TLSSocket,
  server: VomsServer,
  request: string,
  { trust, now, timeoutMs, signal }: ContactOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let isSent = false;
    const where = placeOf(server);
    const timer = setTimeout(() => {
      const what = isSent ? 'answer' : 'connection';
      fail(
        new LatchkeyError('voms/timed-out', `${where}: no ${what} within ${timeoutMs / 1_000} s`, {
          retryable: true,
        }),
      );
    }, timeoutMs);
    const onAbort = (): void => fail(signal?.reason);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
    };
    const fail = (error: unknown): void => {
      settle();
      reject(error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.setNoDelay(true);
    socket.once('secureConnect', () => {
      try {
        checkServer(socket, server, trust, now);
        isSent = true;
        socket.write(request);
      } catch (error) {
        fail(error);
      }
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) fail(tooLong(where));
    });
    socket.on('error', (error) => {
      // Servers close without saying goodbye; what came before is the answer.
      if (isSent && size > 0) return;
      fail(socketError(server, error, isSent));
    });
    socket.once('close', () => {
      settle();
      if (isSent) resolve(Buffer.concat(chunks));
      else reject(socketError(server, undefined, false));
    });
  });
}

function tooLong(where: string): LatchkeyError {
  return new LatchkeyError(
    'voms/answer',
    `${where} answered with more than ${MAX_ANSWER_BYTES} bytes, and was not heard to its end`,
  );
}

/** `host:port`, as messages name a server. */
export function placeOf({ host, port }: Pick<VomsServer, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function checkServer(socket: TLSSocket, server: VomsServer, trust: TrustStore, now: Date): void {
  const chain = sentChain(socket.getPeerX509Certificate()).map(parseCertificate);
  const report = validatePath(chain, { trust, now });
  const where = placeOf(server);
  if (!report.ok) {
    const reasons = report.findings
      .filter(({ severity }) => severity === 'error')
      .map(({ message }) => message);
    throw new LatchkeyError(
      'voms/server-identity',
      `the certificate of ${where} is not trusted: ${reasons.join('; ')}`,
      { hint: 'the authority of that server must be in the trust directory (X509_CERT_DIR)' },
    );
  }
  const mismatch = checkServerIdentity(report.path, { host: server.host, expectedDn: server.dn });
  if (mismatch === undefined) return;
  const [leaf] = report.path;
  const actual = leaf === undefined ? '' : formatOneline(leaf.subject);
  throw new LatchkeyError(
    'voms/server-identity',
    `${where} is ${quote(actual)}, where ${server.source ?? 'the vomses line'} says ${quote(server.dn)}`,
    {
      hint: `if the server has a new name, its line in ${server.source ?? 'the vomses file'} must be brought up to date`,
      details: { actual, expected: server.dn },
    },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'there is no such host name',
  EAI_AGAIN: 'the host name cannot be looked up now',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS is spoken there',
};

function socketError(server: VomsServer, error: unknown, isSent: boolean): LatchkeyError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const where = placeOf(server);
  if (code.includes('_ALERT_')) {
    const alert = code
      .replace(/^.*_ALERT_/, '')
      .replaceAll('_', ' ')
      .toLowerCase();
    return new LatchkeyError(
      'voms/refused-certificate',
      `${where} does not accept your certificate: ${alert}`,
      {
        cause: error,
        hint: 'is it, or the proxy, expired or revoked, and does that server know its authority?',
      },
    );
  }
  const what = isSent ? 'the answer did not come' : 'cannot connect';
  const why = REASONS[code] ?? (error instanceof Error ? error.message : 'the connection was closed');
  return new LatchkeyError('voms/unreachable', `${where}: ${what}: ${why}`, {
    cause: error,
    retryable: true,
    hint: 'is the line in the vomses file right, and does the server run?',
  });
}
