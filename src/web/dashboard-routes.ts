import type { Hono } from 'hono';
import { html } from 'hono/html';
import { nameOf, respondDashboard } from './dashboard-page.ts';
import type { CredentialView } from './dependencies.ts';
import { respondFailure, wordsOf } from './failure-page.ts';
import { formOf } from './form.ts';
import { type Frame, isOperator, type WebContext, type WebEnvironment } from './frame.ts';
import { formToken, mark, respondPage } from './layout.ts';
import { beginLogin } from './login-routes.ts';
import { respondOperatorPage } from './operator-page.ts';
import { summarize } from './operator-summary.ts';
import { asSentence } from './sentence.ts';
import { respondSignInPage } from './sign-in-routes.ts';

/** `/`, `/credentials/…` and `/operator`. */
export function addDashboardRoutes(app: Hono<WebEnvironment>, frame: Frame): void {
  app.get('/', (c) => showOwn(frame, c));
  app.post('/credentials/:owner/:name/renew', (c) => act(frame, c, 'renew'));
  app.post('/credentials/:owner/:name/login', (c) => logInAgain(frame, c));
  app.get('/credentials/:owner/:name/revoke', (c) => askRevoke(frame, c));
  app.post('/credentials/:owner/:name/revoke', (c) => act(frame, c, 'revoke'));
  app.get('/operator', async (c) => {
    if (c.var.browser.user === undefined && !isOperator(frame, c)) return respondSignInPage(frame, c);
    if (!isOperator(frame, c)) return respondFailure(frame, c, 'not-allowed');
    const { credentials, health, clock } = frame.deps;
    const summary = summarize(await credentials.list(), credentials.breakers(), clock.now());
    return respondOperatorPage(frame, c, summary, credentials.unserved(), await health.ready());
  });
}

async function showOwn(frame: Frame, c: WebContext, notice?: string): Promise<Response> {
  const { user } = c.var.browser;
  if (user === undefined) return respondSignInPage(frame, c);
  return respondDashboard(frame, c, await frame.deps.credentials.list(user), notice);
}

/** The credential that an address names, if this person may see it. Somebody else's looks like none. */
export async function credentialOf(
  frame: Frame,
  c: WebContext,
  owner: string,
  name: string,
): Promise<CredentialView | undefined> {
  if (owner !== c.var.browser.user && !isOperator(frame, c)) return undefined;
  const id = `${owner}/${name}`;
  return (await frame.deps.credentials.list(owner)).find((view) => view.id === id);
}

async function act(frame: Frame, c: WebContext, what: 'renew' | 'revoke'): Promise<Response> {
  if ((await formOf(frame, c)) === undefined) return respondFailure(frame, c, 'stale-form');
  const view = await credentialOf(frame, c, c.req.param('owner') ?? '', c.req.param('name') ?? '');
  if (view === undefined) return respondFailure(frame, c, 'not-found');
  const { credentials, log } = frame.deps;
  log('info', `${what} of ${view.id} asked for by ${c.var.browser.user ?? 'the operator'}`);
  try {
    await credentials[what](view.id);
    return showOwn(
      frame,
      c,
      what === 'renew' ? `${nameOf(view)} was renewed.` : `${nameOf(view)} was revoked.`,
    );
  } catch (error) {
    const words = wordsOf(error);
    if (words === undefined) throw error;
    return respondPage(frame, c, {
      title: 'That did not work',
      status: 502,
      content: html`${mark('bad')}<h1>${nameOf(view)} could not be ${what === 'renew' ? 'renewed' : 'revoked'}</h1>
<div class="note bad"><p>${asSentence(words)}</p></div>
<div class="actions"><a class="button quiet" href="${frame.base}/">Back to your credentials</a></div>`,
    });
  }
}

/** A login without a submission: the owner's own page knows who they are, and what the credential was asked for with. */
async function logInAgain(frame: Frame, c: WebContext): Promise<Response> {
  if ((await formOf(frame, c)) === undefined) return respondFailure(frame, c, 'stale-form');
  const owner = c.req.param('owner') ?? '';
  if (owner !== c.var.browser.user) return respondFailure(frame, c, 'not-found');
  const view = await credentialOf(frame, c, owner, c.req.param('name') ?? '');
  const request = view === undefined ? undefined : await frame.deps.credentials.loginRequest(view.id);
  if (request === undefined) return respondFailure(frame, c, 'not-found');
  const { status, headers } = await beginLogin(frame, c, undefined, request);
  const location = headers.get('location');
  if (status !== 303 || location === null) return respondFailure(frame, c, 'provider');
  // Browsers hold redirects of a form to the policy of its page, which allows this site only: so a link leads away.
  return respondPage(frame, c, {
    title: 'Go on to the provider',
    content: html`<h1>Log in to ${request.provider}</h1>
<p class="lead">You are taken to the provider, and come back here to confirm. What you allow is what your jobs had before.</p>
<div class="actions"><a class="button" href="${location}" rel="noreferrer">Go on to ${request.provider}</a><a class="button quiet" href="${frame.base}/">Not now</a></div>`,
  });
}

const REVOKING_TOKEN =
  'It is taken away on this host, and its issuer is told not to accept it any more where that is possible. Running jobs that use it will fail; to use it again you must log in again.';
const REVOKING_PROXY =
  'It is removed from the MyProxy store of this host. Nobody can get new proxies from it; those that jobs have already stay valid until they end.';

async function askRevoke(frame: Frame, c: WebContext): Promise<Response> {
  if (c.var.browser.user === undefined) return respondSignInPage(frame, c);
  const view = await credentialOf(frame, c, c.req.param('owner') ?? '', c.req.param('name') ?? '');
  if (view === undefined) return respondFailure(frame, c, 'not-found');
  const name = nameOf(view);
  return respondPage(frame, c, {
    title: `Revoke ${name}?`,
    content: html`${mark('warn')}<h1>Revoke ${name}?</h1>
<p class="lead">${view.kind === 'x509-proxy' ? REVOKING_PROXY : REVOKING_TOKEN}</p>
<div class="actions"><form method="post" action="${frame.base}/credentials/${view.id.split('/').map(encodeURIComponent).join('/')}/revoke">${formToken(frame, c)}<button class="danger">Revoke ${name}</button></form><a class="button quiet" href="${frame.base}/">Keep it</a></div>`,
  });
}
