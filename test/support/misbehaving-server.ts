import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Secret } from '../../src/kit/index.ts';
import type { OAuthClient } from '../../src/oauth/index.ts';
import { type LoopbackCertificate, loopbackCertificate } from './loopback-certificate.ts';

type Answer = (response: ServerResponse, form: URLSearchParams, request: IncomingMessage) => void;

function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

function text(type: string, body: string, status = 200): Answer {
  return (response) => {
    response.writeHead(status, type === '' ? {} : { 'content-type': type });
    response.end(body);
  };
}

/** A JWT without a meaning; `exp` an hour from now. */
function unsignedJwt(): string {
  const expiresAt = Math.floor(Date.now() / 1_000) + 3_600;
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'ES256' })}.${part({ sub: 'alice', exp: expiresAt })}.c2lnbmF0dXJl`;
}

const GOOD = { access_token: 'an-access-token', token_type: 'Bearer', expires_in: 600 };
const HTML = '<!doctype html><title>Sign in</title><p>Please sign in to the network</p>';

/** What a token endpoint can do to its clients. */
const BEHAVIOURS = {
  good: json(GOOD),
  'good-rotating': (response, form, request) =>
    json({ ...GOOD, refresh_token: `${form.get('refresh_token') ?? ''}+` })(response, form, request),
  'http-500': text('text/plain', 'stack trace', 500),
  'http-502-html': text('text/html', HTML, 502),
  'http-503': json({ error: 'temporarily_unavailable' }, 503, { 'retry-after': '17' }),
  'http-429': json({}, 429, { 'retry-after': '30' }),
  'http-999': text('text/plain', 'odd', 999),
  'http-404': text('text/plain', 'not here', 404),
  /** The request is read; no answer ever comes. */
  silent: () => {},
  /** One byte now and then, so that only a limit for the whole request ends it. */
  trickle: (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  },
  'invalid-grant': json({ error: 'invalid_grant', error_description: 'token was revoked' }, 400),
  'invalid-client': json({ error: 'invalid_client' }, 401),
  'invalid-scope': json({ error: 'invalid_scope' }, 400),
  'invalid-target': json({ error: 'invalid_target' }, 400),
  'server-error': json({ error: 'server_error' }, 400),
  'invented-error': json({ error: 'the_moon_is_full' }, 400),
  'error-with-status-200': json({ error: 'invalid_grant' }),
  'no-expiry': json({ access_token: 'an-access-token', token_type: 'Bearer' }),
  'no-expiry-jwt': (response, form, request) =>
    json({ access_token: unsignedJwt(), token_type: 'Bearer' })(response, form, request),
  'expiry-in-text': json({ ...GOOD, expires_in: '600' }),
  'negative-expiry': json({ ...GOOD, expires_in: -1 }),
  'endless-expiry': json({ ...GOOD, expires_in: 1e300 }),
  'nonsense-expiry': json({ ...GOOD, expires_in: { hours: 1 } }),
  html: text('text/html; charset=utf-8', HTML),
  'html-as-json': text('application/json', HTML),
  'wrong-type': text('text/plain', JSON.stringify(GOOD)),
  'no-type': text('', JSON.stringify(GOOD)),
  list: json([GOOD]),
  empty: json(''),
  'no-token': json({ token_type: 'Bearer', expires_in: 600 }),
  'control-characters': json({ ...GOOD, access_token: 'a\r\nx-evil: 1' }),
  'control-characters-in-refresh-token': json({ ...GOOD, refresh_token: 'a\u0000b' }),
  'another-token-type': json({ ...GOOD, token_type: 'mac' }),
  huge: (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`{"access_token":"${'a'.repeat(2_000_000)}"}`);
  },
  closes: (response) => response.socket?.destroy(),
  'no-http': (response) => response.socket?.end('220 mail.example ESMTP\r\n'),
  'closes-midway': (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"access_token":');
    setImmediate(() => response.socket?.destroy());
  },
  redirect: (response) => {
    response.writeHead(307, { location: 'https://localhost:1/elsewhere' });
    response.end();
  },
  /** Says everything back that it was sent, in the way of careless servers. */
  echo: (response, form, request) => {
    const description = `bad request: ${form} ${request.headers.authorization ?? ''} ${[...form.values()].join(' ')}`;
    json({ error: 'invalid_request', error_description: description }, 400)(response, form, request);
  },
  'terminal-escapes': json(
    { error: 'invalid_grant', error_description: '\u001b[2Jgone\nforged line\u202e' },
    400,
  ),
  'endless-description': json({ error: 'invalid_grant', error_description: 'no '.repeat(20_000) }, 400),
} satisfies Record<string, Answer>;

export type Behaviour = keyof typeof BEHAVIOURS;

/** A token endpoint of which anything can be wanted. */
export interface MisbehavingServer {
  readonly ca: string;
  /** What `/token` does; may be changed at any time. `/<behaviour>/token` always does that. */
  behaviour: Behaviour;
  tokenUrl(behaviour?: Behaviour): string;
  client(behaviour?: Behaviour): OAuthClient;
  /** Forms that were sent, in order. */
  readonly forms: readonly URLSearchParams[];
  close(): Promise<void>;
}

/** Secrets that the server's clients send; nothing may show them. */
export const PLANTED_CLIENT_SECRET = 'planted-client-secret/1';

/** Starts it on the loopback address. */
export async function startMisbehavingServer(certificate?: LoopbackCertificate): Promise<MisbehavingServer> {
  const { ca, certificate: cert, key } = certificate ?? (await loopbackCertificate());
  const forms: URLSearchParams[] = [];
  const server = createServer({ cert, key });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  const result: MisbehavingServer = {
    ca,
    behaviour: 'good',
    tokenUrl: (behaviour) => `${origin}${behaviour === undefined ? '' : `/${behaviour}`}/token`,
    client: (behaviour) => ({
      clientId: 'ap1',
      authentication: { method: 'client_secret_post', secret: new Secret(PLANTED_CLIENT_SECRET) },
      tokenUrl: result.tokenUrl(behaviour),
      ca,
    }),
    forms,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      forms.push(form);
      const name = /^\/([\w-]+)\/token$/.exec(request.url ?? '')?.[1] ?? result.behaviour;
      const answer: Answer | undefined = BEHAVIOURS[name as Behaviour];
      (answer ?? text('text/plain', 'no such behaviour', 404))(response, form, request);
    });
    request.on('error', () => {});
  });
  return result;
}
