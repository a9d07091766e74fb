import type { Hono } from 'hono';
import { html } from 'hono/html';
import { respondConfirmPage } from './confirm-page.ts';
import { respondFailure, wordsOf } from './failure-page.ts';
import { formOf } from './form.ts';
import type { Frame, WebContext, WebEnvironment } from './frame.ts';
import { formToken } from './layout.ts';
import type { UnconfirmedLogin } from './login-memory.ts';
import { againActions, removeServed } from './login-routes.ts';
import { requestName } from './request-name.ts';
import { WRONG_CODE } from './sign-in-routes.ts';

/**
 * `/confirm/…`: the account and the local user are shown together, and only a person's word stores the login.
 * Whoever holds the link of a submission can log in with an account of his own, so the account is compared with the
 * one this local user has used before, and the configuration may demand a proof of the local user.
 */
export function addConfirmRoutes(app: Hono<WebEnvironment>, frame: Frame): void {
  app.get('/confirm/:id', (c) =>
    withLogin(frame, c, c.req.param('id'), (login, id) => show(frame, c, id, login)),
  );
  app.post('/confirm/:id', (c) =>
    withLogin(frame, c, c.req.param('id'), (login, id) => decide(frame, c, id, login)),
  );
}

async function withLogin(
  frame: Frame,
  c: WebContext,
  id: string,
  act: (login: UnconfirmedLogin, id: string) => Promise<Response>,
): Promise<Response> {
  const login = frame.memory.unconfirmed.get(id);
  if (login === undefined) return afterDecision(frame, c, id);
  if (login.browser !== c.var.browser.id) return respondFailure(frame, c, 'other-browser');
  const refused = await refusal(frame, c, login);
  if (refused === undefined) return await act(login, id);
  frame.memory.unconfirmed.delete(id);
  await frame.discard(login);
  return refused;
}

/** Somebody clicked twice, or went back: there is nothing to decide any more. */
async function afterDecision(frame: Frame, c: WebContext, id: string): Promise<Response> {
  const decided = frame.memory.decided.get(id);
  if (decided === undefined || decided.browser !== c.var.browser.id)
    return respondFailure(frame, c, 'expired-login');
  return c.redirect(backTo(frame, decided.key), 303);
}

/** The page for a login that must not be stored, whatever the person says. */
async function refusal(
  frame: Frame,
  c: WebContext,
  { request, tokens, key }: UnconfirmedLogin,
): Promise<Response | undefined> {
  const { accounts, log } = frame.deps;
  const owner = request.localUser;
  const { user } = c.var.browser;
  if (user !== undefined && user !== owner)
    return respondFailure(frame, c, 'wrong-user', {
      detail: `signed in as ${user}; the job belongs to ${owner}`,
    });
  const known = await accounts.find(owner, request.provider);
  if (known === undefined) return undefined;
  const { subject } = tokens;
  if (subject?.issuer === known.issuer && subject.subject === known.subject) return undefined;
  log('warn', `login of ${owner} at ${requestName(request)} refused: not the account that was used before`);
  return respondFailure(frame, c, subject === undefined ? 'unnamed-account' : 'wrong-account', {
    ...(subject === undefined
      ? {}
      : { detail: `you logged in as ${subject.name ?? subject.subject} at ${subject.issuer}` }),
    actions: againActions(frame, key, request),
  });
}

async function show(
  frame: Frame,
  c: WebContext,
  id: string,
  login: UnconfirmedLogin,
  problem?: string,
): Promise<Response> {
  const { accounts, demandsLocalProof } = frame.deps;
  const { request } = login;
  return respondConfirmPage(frame, c, id, login, {
    needsCode: demandsLocalProof && login.isProven !== true && c.var.browser.user === undefined,
    isFirst: (await accounts.find(request.localUser, request.provider)) === undefined,
    problem,
  });
}

async function decide(frame: Frame, c: WebContext, id: string, login: UnconfirmedLogin): Promise<Response> {
  const form = await formOf(frame, c);
  if (form === undefined) return respondFailure(frame, c, 'stale-form');
  const { memory, deps } = frame;
  const { request, key } = login;
  const isDecided = (): boolean => memory.unconfirmed.get(id) !== login;
  if (isDecided()) return afterDecision(frame, c, id);
  const owner = request.localUser;
  if (form.get('decision') !== 'store') {
    memory.unconfirmed.delete(id);
    memory.decided.set(id, { browser: login.browser, key, request });
    await frame.discard(login);
    return c.redirect(backTo(frame, key), 303);
  }
  if (deps.demandsLocalProof && login.isProven !== true && c.var.browser.user === undefined) {
    const proof = await frame.redeem(c, form.get('code') ?? '');
    if (proof === 'blocked') return respondFailure(frame, c, 'too-many');
    if (proof === 'wrong') return show(frame, c, id, login, WRONG_CODE);
    if (proof.user !== owner) {
      deps.log('warn', `login for ${owner} refused: the code was made by ${proof.user}`);
      return respondFailure(frame, c, 'wrong-user', {
        detail: `the code was made by ${proof.user}; the job belongs to ${owner}`,
        actions: html`<a class="button quiet" href="${frame.base}/confirm/${id}">Back to the login</a>`,
      });
    }
  }
  // Taken out first: a second click finds nothing, and a failure puts it back.
  if (isDecided()) return afterDecision(frame, c, id);
  memory.unconfirmed.delete(id);
  memory.decided.set(id, { browser: login.browser, key, request });
  try {
    const { subject } = login.tokens;
    // Bound before it is stored: of two first logins at the same moment one is refused.
    if (subject !== undefined && !(await deps.accounts.remember(owner, request.provider, subject))) {
      await frame.discard(login);
      return respondFailure(frame, c, 'wrong-account', { actions: againActions(frame, key, request) });
    }
    await deps.logins.store(request, login.tokens);
  } catch (error) {
    memory.decided.delete(id);
    memory.keep({ ...login, isProven: true }, id);
    deps.log(
      'error',
      `login of ${owner} at ${requestName(request)} could not be stored: ${wordsOf(error) ?? 'unexpected error'}`,
    );
    return respondFailure(frame, c, 'storage', {
      detail: wordsOf(error),
      actions: html`<form method="post" action="${frame.base}/confirm/${id}">${formToken(frame, c)}<button name="decision" value="store">Try to save again</button></form>`,
    });
  }
  deps.log('info', `login of ${owner} at ${requestName(request)} stored`);
  if (key !== undefined) await endKeyWhenDone(frame, c, key);
  return c.redirect(backTo(frame, key), 303);
}

/** Where a login was begun. */
function backTo({ base }: Frame, key: string | undefined): string {
  return key === undefined ? `${base}/` : `${base}/key/${key}`;
}

/** The request file goes when nothing in it is open any more. */
async function endKeyWhenDone(frame: Frame, c: WebContext, key: string): Promise<void> {
  const { deps, memory } = frame;
  const requests = await deps.requests.read(key);
  if (requests === undefined) return;
  const stored = await Promise.all(requests.map((request) => deps.requests.isStored(request)));
  if (!stored.every(Boolean)) return;
  memory.served.set(key, { browser: c.var.browser.id, requests });
  await removeServed(frame, key);
}
