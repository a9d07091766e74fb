import { Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { addApiRoutes } from './api-routes.ts';
import { createAttemptLimit } from './attempt-limit.ts';
import { createBrowsers } from './browser-session.ts';
import { addConfirmRoutes } from './confirm-routes.ts';
import { addDashboardRoutes } from './dashboard-routes.ts';
import type { Peer, WebApp, WebDependencies } from './dependencies.ts';
import { createDiscarding, type Discarding } from './discarding.ts';
import { respondFailure } from './failure-page.ts';
import type { Frame, WebContext, WebEnvironment } from './frame.ts';
import { addHealthRoutes } from './health-routes.ts';
import { ICON } from './layout.ts';
import { addLinksRoutes } from './links-routes.ts';
import { createLoginMemory } from './login-memory.ts';
import { addLoginRoutes, finish, isReturn } from './login-routes.ts';
import { addPublicationRoutes } from './publication-routes.ts';
import { withoutKeys } from './request-name.ts';
import { addSignInRoutes } from './sign-in-routes.ts';
import { STYLE_SHEET } from './style.ts';

/** Forms and API bodies are short. */
const MAX_BODY_BYTES = 16_384;
/** Longest address taken; authorization codes of known servers have up to 4 kB. */
const MAX_URL_LENGTH = 16_384;
const MIN_KEY_BYTES = 16;

/**
 * The pages and the API as one function from request to response; all state is in memory and bounded.
 *
 * @throws TypeError for a session key shorter than 16 bytes
 */
export function createWebApp(deps: WebDependencies): WebApp {
  if (deps.sessionKey.length < MIN_KEY_BYTES) throw new TypeError('the session key has at least 16 bytes');
  const discarding = createDiscarding(deps);
  const frame = createFrame(deps, discarding);
  const app = new Hono<WebEnvironment>({ getPath: (request) => pathWithin(frame.base, request.url) });
  app.use('*', async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SAFETY_HEADERS)) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
  });
  app.get('/assets/style.css', (c) => asset(c, 'text/css; charset=utf-8', STYLE_SHEET));
  app.get('/assets/icon.svg', (c) => asset(c, 'image/svg+xml', ICON));
  addPublicationRoutes(app, frame);
  app.use('*', async (c, next) => {
    if (await hasShortBody(c)) return await next();
    return c.text('the body is too long\n', 413);
  });
  app.use('*', async (c, next) => {
    frame.memory.tidy();
    if (c.req.url.length > MAX_URL_LENGTH) return c.text('the address is too long\n', 414);
    const known = frame.browsers.recognize(getCookie(c, cookieOf(deps).name));
    if (known !== undefined) c.set('browser', known);
    else {
      const { browser, value } = frame.browsers.welcome();
      c.set('browser', browser);
      if (needsCookie(c.req.path)) frame.setCookie(c, value);
    }
    return await next();
  });
  addHealthRoutes(app, frame);
  addApiRoutes(app, frame);
  addLoginRoutes(app, frame);
  addConfirmRoutes(app, frame);
  addSignInRoutes(app, frame);
  addDashboardRoutes(app, frame);
  addLinksRoutes(app, frame);
  app.notFound((c) => (isReturn(c) ? finish(frame, c) : respondFailure(frame, c, 'not-found')));
  app.onError((error, c) => {
    // What failed may have come before this.
    if (c.var.browser === undefined) c.set('browser', frame.browsers.welcome().browser);
    // The path of a key page holds the key, so only its first part is told.
    const where = c.req.path.split('/').slice(0, 2).join('/');
    deps.log(
      'error',
      `${c.req.method} ${where}: ${withoutKeys(error instanceof Error ? error.message : 'unexpected error')}`,
    );
    return respondFailure(frame, c, 'unexpected');
  });
  return {
    fetch: async (request: Request, peer: Peer = {}) => await app.fetch(request, { peer }),
    tidy: () => frame.memory.tidy(),
    async close() {
      frame.memory.close();
      // A device may have been approved a moment ago: what has been settled has its turn first.
      await new Promise((resolve) => setImmediate(resolve));
      await discarding.settled();
    },
  };
}

/** No script at all, nothing from elsewhere, no frames, nothing kept, and no address told to anybody. */
const SAFETY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
};

function createFrame(deps: WebDependencies, { discard }: Discarding): Frame {
  const prefix = new URL(deps.prefix);
  const browsers = createBrowsers(deps.sessionKey, deps.clock);
  const limit = createAttemptLimit(deps.clock);
  const cookie = cookieOf(deps);
  return {
    deps,
    browsers,
    memory: createLoginMemory(deps.clock, (login) => void discard(login)),
    discard,
    base: prefix.pathname.replace(/\/+$/, ''),
    host: prefix.hostname,
    setCookie: (c, value) =>
      setCookie(c, cookie.name, value ?? '', {
        path: cookie.path,
        secure: cookie.isSecure,
        httpOnly: true,
        sameSite: 'Lax',
        ...(value === undefined ? { maxAge: 0 } : {}),
      }),
    async redeem(c, code) {
      const { address } = c.env.peer;
      if (!limit.begin(address)) return 'blocked';
      const user = await deps.signIn.redeem(code);
      if (user !== undefined) {
        limit.forgive(address);
        return { user };
      }
      deps.log('warn', `a wrong sign-in code came from ${address ?? 'the local socket'}`);
      return 'wrong';
    },
  };
}

/** `__Host-` binds a cookie to this very host; it needs https and the whole host. */
function cookieOf({ prefix }: WebDependencies): { name: string; path: string; isSecure: boolean } {
  const { protocol, pathname } = new URL(prefix);
  const isSecure = protocol === 'https:';
  const path = pathname.replace(/\/+$/, '') || '/';
  const mark = isSecure ? (path === '/' ? '__Host-' : '__Secure-') : '';
  return { name: `${mark}latchkey`, path, isSecure };
}

/** The path below the prefix, whether a proxy has taken the prefix away or not. */
function pathWithin(base: string, url: string): string {
  const { pathname } = new URL(url);
  if (base === '' || (pathname !== base && !pathname.startsWith(`${base}/`))) return pathname;
  return pathname.slice(base.length) || '/';
}

/**
 * False when the body is longer than we take. One of unknown length is read here: hono's own limit cannot make a request
 * anew from those of its Node adapter.
 */
async function hasShortBody(c: WebContext): Promise<boolean> {
  const { raw, method } = c.req;
  const length = c.req.header('content-length');
  if (length !== undefined) return Number(length) <= MAX_BODY_BYTES;
  if (method !== 'POST' || raw.body === null) return true;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of raw.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return false;
    chunks.push(chunk);
  }
  c.req.raw = new Request(raw.url, { method, headers: raw.headers, body: Buffer.concat(chunks) });
  return true;
}

function needsCookie(path: string): boolean {
  return !/^\/(api|healthz|readyz|metrics|assets)(\/|$)/.test(path);
}

function asset(c: WebContext, contentType: string, text: string): Response {
  return c.body(text, 200, { 'Content-Type': contentType, 'Cache-Control': 'public, max-age=3600' });
}
