import type { Hono } from 'hono';
import { html } from 'hono/html';
import type { LoginRequest } from '../credmon/index.ts';
import { isLatchkeyError } from '../kit/index.ts';
import { respondDevicePage } from './device-page.ts';
import { respondFailure, wordsOf } from './failure-page.ts';
import type { Frame, WebContext, WebEnvironment } from './frame.ts';
import { type Asked, respondDonePage, respondKeyPage } from './key-page.ts';
import type { Html } from './layout.ts';
import { randomId } from './login-memory.ts';
import { requestName, withoutKeys } from './request-name.ts';

const KEY = /^[0-9a-f]{64}$/;
const ID = /^[\w-]{24}$/;

/** `/key/…`, `/login/…`, `/return/…` and `/device/…`: from the link of a submission to a login that waits for its confirmation. */
export function addLoginRoutes(app: Hono<WebEnvironment>, frame: Frame): void {
  app.get('/key/:key', (c) => showKey(frame, c, c.req.param('key')));
  app.get('/key/:key/login/:name', (c) => begin(frame, c, c.req.param('key'), c.req.param('name')));
  app.get('/key/:key/login/:name/device', (c) =>
    beginDevice(frame, c, c.req.param('key'), c.req.param('name')),
  );
  // Upstream's address has no key in it: the key this browser opened last and that asks for the provider.
  app.get('/login/:name', async (c) => {
    const name = c.req.param('name');
    for (const key of frame.memory.visited(c.var.browser.id)) {
      const requests = await frame.deps.requests.read(key);
      if (requests?.some((request) => requestName(request) === name)) return begin(frame, c, key, name);
    }
    return respondFailure(frame, c, 'unknown-provider');
  });
  app.get('/return/:name{.+}', (c) => finish(frame, c));
  app.get('/device/:id', (c) => showDevice(frame, c, c.req.param('id')));
}

/** True for an answer of an authorization server, whatever `<P>_RETURN_URL_SUFFIX` says its path is. */
export function isReturn(c: WebContext): boolean {
  return c.req.method === 'GET' && (c.req.query('state') ?? '') !== '';
}

async function showKey(frame: Frame, c: WebContext, key: string): Promise<Response> {
  const { memory, deps } = frame;
  const requests = await readKey(frame, key);
  const served = memory.served.get(key);
  if (requests === undefined && served?.browser === c.var.browser.id)
    return respondDonePage(frame, c, served.requests);
  if (requests === undefined) return respondFailure(frame, c, 'expired-key');
  if (requests === 'broken') return respondFailure(frame, c, 'broken-key');
  memory.visit(c.var.browser.id, key);
  const asked: Asked[] = await Promise.all(
    requests.map(async (request) => {
      const isDone = await deps.requests.isStored(request);
      const offersDevice = !isDone && (await deps.logins.offersDevice?.(request)) === true;
      return { request, isDone, offersDevice };
    }),
  );
  if (asked.every(({ isDone }) => isDone)) {
    memory.served.set(key, { browser: c.var.browser.id, requests });
    await removeServed(frame, key);
    return respondDonePage(frame, c, requests);
  }
  return respondKeyPage(frame, c, key, asked);
}

/** That the file stays is no reason to tell somebody that the login failed: credd takes no notice of it. */
export async function removeServed({ deps }: Frame, key: string): Promise<void> {
  try {
    await deps.requests.remove(key);
  } catch (error) {
    const reason = withoutKeys(error instanceof Error ? error.message : 'unexpected error');
    deps.log('warn', `a request file that is done with could not be removed: ${reason}`);
  }
}

async function begin(frame: Frame, c: WebContext, key: string, name: string): Promise<Response> {
  const request = await requestOf(frame, c, key, name);
  return request instanceof Response ? request : await beginLogin(frame, c, key, request);
}

/** Sends the browser to the authorization server. @param key the submission's, if there is one */
export async function beginLogin(
  frame: Frame,
  c: WebContext,
  key: string | undefined,
  request: LoginRequest,
): Promise<Response> {
  const { deps, memory } = frame;
  try {
    const { url, state, pending } = await deps.logins.begin(request);
    memory.pending.set(state, { browser: c.var.browser.id, key, request, pending });
    return c.redirect(url, 303);
  } catch (error) {
    return providerFailure(frame, c, key, request, error);
  }
}

/** The browser is back from the authorization server; `state` says which login it is. */
export async function finish(frame: Frame, c: WebContext): Promise<Response> {
  const { deps, memory } = frame;
  const state = c.req.query('state') ?? '';
  const login = memory.pending.get(state);
  if (login === undefined) return respondFailure(frame, c, 'expired-login');
  if (login.browser !== c.var.browser.id) return respondFailure(frame, c, 'other-browser');
  const { request, key } = login;
  const callback = new URL(request.returnUrl);
  // A proxy may have taken the prefix away; anything else means an answer meant for another provider.
  if (!callback.pathname.endsWith(c.req.path)) return respondFailure(frame, c, 'expired-login');
  memory.pending.delete(state);
  callback.search = new URL(c.req.url).search;
  if (c.req.query('error') === 'access_denied')
    return respondFailure(frame, c, 'consent-refused', {
      detail: c.req.query('error_description'),
      actions: againActions(frame, key, request),
    });
  try {
    const tokens = await deps.logins.finish(request, login.pending, callback);
    const id = memory.keep({ browser: login.browser, key, request, tokens });
    return c.redirect(`${frame.base}/confirm/${id}`, 303);
  } catch (error) {
    if (isLatchkeyError(error, 'oauth/denied'))
      return respondFailure(frame, c, 'consent-refused', { actions: againActions(frame, key, request) });
    return providerFailure(frame, c, key, request, error);
  }
}

async function beginDevice(frame: Frame, c: WebContext, key: string, name: string): Promise<Response> {
  const request = await requestOf(frame, c, key, name);
  if (request instanceof Response) return request;
  const { deps, memory } = frame;
  if (deps.logins.beginDevice === undefined || (await deps.logins.offersDevice?.(request)) !== true)
    return respondFailure(frame, c, 'unknown-provider');
  try {
    const device = await deps.logins.beginDevice(request);
    const id = randomId();
    const wait = { browser: c.var.browser.id, key, request, device };
    memory.devices.set(id, wait);
    device.finished.then(
      (tokens) => {
        const login = { browser: wait.browser, key, request, tokens };
        // Approved after the wait was given up: nobody can find it any more.
        if (memory.devices.get(id) === undefined) return void frame.discard(login);
        memory.devices.set(id, { ...wait, confirmId: memory.keep(login) });
      },
      (failure: unknown) => {
        if (memory.devices.get(id) !== undefined) memory.devices.set(id, { ...wait, failure });
      },
    );
    return c.redirect(`${frame.base}/device/${id}`, 303);
  } catch (error) {
    return providerFailure(frame, c, key, request, error);
  }
}

async function showDevice(frame: Frame, c: WebContext, id: string): Promise<Response> {
  const wait = ID.test(id) ? frame.memory.devices.get(id) : undefined;
  if (wait === undefined || wait.browser !== c.var.browser.id)
    return respondFailure(frame, c, 'expired-login');
  if (wait.confirmId !== undefined) return c.redirect(`${frame.base}/confirm/${wait.confirmId}`, 303);
  if (wait.failure === undefined) return respondDevicePage(frame, c, id, wait);
  const actions = againActions(frame, wait.key, wait.request);
  if (isLatchkeyError(wait.failure, 'oauth/denied'))
    return respondFailure(frame, c, 'consent-refused', { actions });
  if (isLatchkeyError(wait.failure, 'oauth/expired'))
    return respondFailure(frame, c, 'expired-login', { actions });
  return providerFailure(frame, c, wait.key, wait.request, wait.failure);
}

/** The requests of a key; `broken` = the file is there and cannot be read. */
async function readKey(frame: Frame, key: string): Promise<readonly LoginRequest[] | 'broken' | undefined> {
  if (!KEY.test(key)) return undefined;
  try {
    const requests = await frame.deps.requests.read(key);
    return requests?.length === 0 ? 'broken' : requests;
  } catch (error) {
    if (!isLatchkeyError(error, 'credmon/file-malformed')) throw error;
    frame.deps.log('warn', `request file ${key.slice(0, 8)}…: ${error.message}`);
    return 'broken';
  }
}

/** The request that an address names, or the page that says why there is none. */
async function requestOf(
  frame: Frame,
  c: WebContext,
  key: string,
  name: string,
): Promise<LoginRequest | Response> {
  const requests = await readKey(frame, key);
  if (requests === undefined) return respondFailure(frame, c, 'expired-key');
  if (requests === 'broken') return respondFailure(frame, c, 'broken-key');
  const request = requests.find((each) => requestName(each) === name);
  if (request === undefined) return respondFailure(frame, c, 'unknown-provider');
  const { user } = c.var.browser;
  if (user !== undefined && user !== request.localUser)
    return respondFailure(frame, c, 'wrong-user', {
      detail: `signed in as ${user}; the job belongs to ${request.localUser}`,
    });
  return request;
}

function providerFailure(
  frame: Frame,
  c: WebContext,
  key: string | undefined,
  request: LoginRequest,
  error: unknown,
): Promise<Response> {
  const words = wordsOf(error);
  if (words === undefined) throw error;
  frame.deps.log('warn', `login of ${request.localUser} at ${requestName(request)} failed: ${words}`);
  return respondFailure(frame, c, 'provider', {
    detail: words,
    actions: againActions(frame, key, request),
  });
}

/** Links that lead on after a failure. */
export function againActions({ base }: Frame, key: string | undefined, request: LoginRequest): Html {
  if (key === undefined) return html`<a class="button quiet" href="${base}/">Back to your credentials</a>`;
  const name = requestName(request);
  return html`<a class="button" href="${base}/key/${key}/login/${encodeURIComponent(name)}" rel="nofollow">Log in again</a><a class="button quiet" href="${base}/key/${key}">Back to the request</a>`;
}
