import type { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ErrorCode, isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import { OPERATIONS, type Operation } from './api-operations.ts';
import { isSameOrigin } from './form.ts';
import { type Frame, isOperator, type WebContext, type WebEnvironment } from './frame.ts';
import { openApiDocument, REQUEST_HEADER } from './open-api.ts';

const ROOT = '/api/v1';

/** The JSON API, with the same data and rights as the pages. */
export function addApiRoutes(app: Hono<WebEnvironment>, frame: Frame): void {
  app.use(`${ROOT}/*`, async (c, next) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
    if (token !== undefined) {
      const browser = frame.browsers.recognize(token);
      c.set('browser', { id: browser?.id ?? '', user: browser?.user });
    }
    await next();
  });
  app.get(`${ROOT}/openapi.json`, (c) => c.json(openApiDocument(frame.deps.prefix)));
  for (const operation of OPERATIONS) {
    const path = `${ROOT}${operation.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    app.on(operation.method.toUpperCase(), path, (c) => answer(frame, c, operation));
  }
  app.all(`${ROOT}/*`, (c) => problem(c, new LatchkeyError('web/not-found', 'there is no such operation')));
}

async function answer(frame: Frame, c: WebContext, operation: Operation): Promise<Response> {
  try {
    checkAccess(frame, c, operation);
    return c.json(await operation.run(frame, c));
  } catch (error) {
    if (isLatchkeyError(error)) return problem(c, error);
    frame.deps.log(
      'error',
      `${operation.id}: ${error instanceof Error ? error.message : 'unexpected error'}`,
    );
    return problem(c, { code: 'unexpected', message: 'it has been written to the log', hint: undefined });
  }
}

function checkAccess(frame: Frame, c: WebContext, { method, access }: Operation): void {
  if (method === 'post' && (c.req.header(REQUEST_HEADER) === undefined || !isSameOrigin(frame, c)))
    throw new LatchkeyError('web/not-allowed', `a POST must carry the header ${REQUEST_HEADER}`);
  if (access === 'anyone' || isOperator(frame, c)) return;
  if (c.var.browser.user === undefined)
    throw new LatchkeyError('web/not-signed-in', 'not signed in', {
      hint: 'make a code with: latchkey web code, and POST it to /api/v1/sessions',
    });
  if (access === 'operator') throw new LatchkeyError('web/not-allowed', 'this is for operators');
}

/** Every other error is that of the source or of the files behind an operation: 502. */
const STATUSES: Partial<Record<ErrorCode | 'unexpected', readonly [ContentfulStatusCode, string]>> = {
  'web/bad-request': [400, 'Bad Request'],
  'web/not-signed-in': [401, 'Unauthorized'],
  'web/not-allowed': [403, 'Forbidden'],
  'web/not-found': [404, 'Not Found'],
  'web/too-many': [429, 'Too Many Requests'],
  unexpected: [500, 'Internal Server Error'],
};

/** RFC 9457. */
function problem(
  c: WebContext,
  { code, message, hint }: { code: ErrorCode | 'unexpected'; message: string; hint: string | undefined },
): Response {
  const [status, title] = STATUSES[code] ?? [502, 'Bad Gateway'];
  if (status === 401) c.header('WWW-Authenticate', 'Bearer');
  const body = { type: 'about:blank', title, status, code, detail: message, hint };
  return c.body(JSON.stringify(body), status, { 'Content-Type': 'application/problem+json' });
}
