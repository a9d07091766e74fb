import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import {
  type RunningServer,
  type ServerSettings,
  type StartOptions,
  startServer,
} from '../../src/daemon/index.ts';
import { Secret } from '../../src/kit/index.ts';
import { encodeRequest, type Request } from '../../src/myproxy/index.ts';
import type { Grid } from './grid.ts';
import { OPEN_POLICY } from './in-process-server.ts';

/** A server of ours in the test's own process, on loopback. */
export interface SocketServer {
  readonly running: RunningServer;
  readonly settings: ServerSettings;
  readonly port: number;
  /** An environment for C clients of it, without a credential of their own. */
  readonly env: NodeJS.ProcessEnv;
}

/** Starts a server with the grid's host credential; everybody may store and retrieve. */
export async function startSocketServer(
  t: Pick<TestContext, 'after'>,
  grid: Grid,
  changes: Partial<ServerSettings> = {},
  options: StartOptions = {},
): Promise<SocketServer> {
  const directory = mkdtempSync(join(grid.directory, 'server-'));
  const storage = join(directory, 'store');
  mkdirSync(storage, { mode: 0o700 });
  const settings: ServerSettings = {
    ident: 'myproxy-server',
    listen: { host: '127.0.0.1', port: 0, minTls: 'TLSv1.2', maxTls: 'TLSv1.2' },
    credential: { certificate: grid.host.certificate, key: grid.host.key },
    trustDirectory: grid.trustDirectory,
    storage,
    policy: { access: OPEN_POLICY, ignoreLimitedProxies: false, checkMultipleCredentials: false },
    trustRoots: grid.trustDirectory,
    limits: {
      requestTimeoutSeconds: 20,
      requestSizeBytes: 1 << 20,
      maxConnections: 5_000,
      maxConnectionsPerAddress: 5_000,
    },
    sealing: { rememberSeconds: 300, resealOldKeys: true },
    auditFile: join(directory, 'audit.log'),
    log: { file: join(directory, 'server.log'), format: 'text', level: 'debug' },
    ...changes,
  };
  const running = await startServer(settings, options);
  t.after(() => running.close(100));
  const nowhere = join(directory, 'nowhere');
  return {
    running,
    settings,
    port: running.address.port,
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      LOGNAME: 'jane',
      MYPROXY_SERVER: 'localhost',
      MYPROXY_SERVER_PORT: String(running.address.port),
      X509_CERT_DIR: grid.trustDirectory,
      X509_USER_PROXY: nowhere,
      X509_USER_CERT: nowhere,
      X509_USER_KEY: nowhere,
    },
  };
}

/** A raw TLS client that has said nothing yet. */
export function tlsClient(port: number, more: { cert?: string; key?: string } = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...more }, () =>
      resolve(socket),
    );
    socket.once('error', reject);
    socket.on('error', () => {});
  });
}

/** Everything the server sends until it closes, as text; gives up after `timeoutMs`. */
export function readAll(socket: TLSSocket, timeoutMs = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => reject(new Error(`nothing closed within ${timeoutMs} ms: ${text}`)),
      timeoutMs,
    );
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

/** The bytes of a request, with the fields a test does not care about. */
export function requestBytes(request: Partial<Request> & Pick<Request, 'command'>): Buffer {
  return encodeRequest({
    username: 'jane',
    passPhrase: new Secret(''),
    lifetimeSeconds: 0,
    wantTrustRoots: false,
    voNames: [],
    vomses: [],
    ...request,
  });
}
