import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type LoopbackCertificate, loopbackCertificate } from './loopback-certificate.ts';

/**
 * What becomes of a refresh token that was used. `grace`: the last one used still works (RFC 9700 §4.14.2 and the WLCG profile leave
 * room for it): an answer that was lost can be asked for again. `strict`: using one twice ends the login.
 */
export type Rotation = 'grace' | 'strict';

/** Points in the life of a request where a test may step in. */
export type RequestStep = 'arrived' | 'rotated' | 'answered';

/** A token endpoint that rotates refresh tokens, for tests of what survives. */
export interface RotatingServer {
  readonly tokenUrl: string;
  /** PEM of its authority. */
  readonly ca: string;
  /** Successful rotations so far. */
  readonly rotations: number;
  /** Refusals because of a token that was used before. */
  readonly refusals: number;
  /** A new login; gives its first refresh token. */
  logIn(user: string): string;
  /** Would the server take it? */
  accepts(token: string): boolean;
  /** Is it the one that it gave out last? */
  isNewest(token: string): boolean;
  close(): Promise<void>;
}

/** How {@link startRotatingServer} behaves. */
export interface RotatingServerOptions {
  readonly rotation: Rotation;
  /** `expires_in` of access tokens, seconds. */
  readonly accessTokenSeconds: number;
  /** Default: one of its own. */
  readonly certificate?: LoopbackCertificate;
  /** Called at each step of each request, before the server goes on. */
  readonly onStep?: (step: RequestStep) => void | Promise<void>;
}

interface Login {
  current: string;
  lastUsed: string | undefined;
  hasEnded: boolean;
}

/** Starts one on the loopback address. */
export async function startRotatingServer(options: RotatingServerOptions): Promise<RotatingServer> {
  const { ca, certificate, key } = options.certificate ?? (await loopbackCertificate());
  const logins = new Map<string, Login>();
  const userOf = (token: string): string => token.split('.')[0] ?? '';
  const fresh = (user: string): string => `${user}.${randomBytes(18).toString('base64url')}`;
  let rotations = 0;
  let refusals = 0;
  const isTaken = (login: Login | undefined, token: string): boolean => {
    if (login === undefined || login.hasEnded) return false;
    return login.current === token || (options.rotation === 'grace' && login.lastUsed === token);
  };
  const answer = async (response: ServerResponse, token: string): Promise<void> => {
    await options.onStep?.('arrived');
    const user = userOf(token);
    const login = logins.get(user);
    if (login === undefined || !isTaken(login, token)) {
      // Somebody has used it before: as RFC 9700 wants, the whole login ends.
      if (login !== undefined) login.hasEnded = true;
      refusals += 1;
      send(response, 400, { error: 'invalid_grant' });
      return;
    }
    login.lastUsed = token;
    login.current = fresh(user);
    rotations += 1;
    await options.onStep?.('rotated');
    send(response, 200, {
      access_token: `access.${fresh(user)}`,
      token_type: 'Bearer',
      expires_in: options.accessTokenSeconds,
      refresh_token: login.current,
    });
    await options.onStep?.('answered');
  };
  const server = createServer({ cert: certificate, key }, (request, response) => {
    let body = '';
    request.on('error', () => {});
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      answer(response, new URLSearchParams(body).get('refresh_token') ?? '').catch(() => response.destroy());
    });
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    tokenUrl: `https://localhost:${(server.address() as AddressInfo).port}/token`,
    ca,
    get rotations() {
      return rotations;
    },
    get refusals() {
      return refusals;
    },
    logIn: (user) => {
      const current = fresh(user);
      logins.set(user, { current, lastUsed: undefined, hasEnded: false });
      return current;
    },
    isNewest: (token) => logins.get(userOf(token))?.current === token,
    accepts: (token) => isTaken(logins.get(userOf(token)), token),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.on('error', () => {});
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
