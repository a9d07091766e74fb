import type { Hono } from 'hono';
import { html } from 'hono/html';
import { codeField } from './code-field.ts';
import { respondFailure } from './failure-page.ts';
import { formOf } from './form.ts';
import type { Frame, WebContext, WebEnvironment } from './frame.ts';
import { formToken, respondPage } from './layout.ts';

/** `/sign-in` with a code of `latchkey web code`, and `/sign-out`. */
export function addSignInRoutes(app: Hono<WebEnvironment>, frame: Frame): void {
  app.get('/sign-in', async (c) => {
    if (c.var.browser.user !== undefined) return c.redirect(`${frame.base}/`, 303);
    return await respondSignInPage(frame, c);
  });
  app.post('/sign-in', async (c) => {
    const form = await formOf(frame, c);
    if (form === undefined) return respondFailure(frame, c, 'stale-form');
    const proof = await frame.redeem(c, form.get('code') ?? '');
    if (proof === 'blocked') return respondFailure(frame, c, 'too-many');
    if (proof === 'wrong') return respondSignInPage(frame, c, WRONG_CODE);
    frame.setCookie(c, frame.browsers.signIn(proof.user).value);
    return c.redirect(`${frame.base}/`, 303);
  });
  app.post('/sign-out', async (c) => {
    if ((await formOf(frame, c)) === undefined) return respondFailure(frame, c, 'stale-form');
    frame.browsers.signOut(c.var.browser);
    frame.setCookie(c, undefined);
    return c.redirect(`${frame.base}/sign-in`, 303);
  });
}

/** Said of every code that does not work, whatever the reason. */
export const WRONG_CODE = 'This code is not valid, has been used, or is older than five minutes.';

/** Asks for a code; also the first page of somebody who is not signed in. */
export function respondSignInPage(frame: Frame, c: WebContext, problem?: string): Promise<Response> {
  return respondPage(frame, c, {
    title: 'Sign in',
    status: problem === undefined ? 200 : 403,
    content: html`<h1>Sign in to see your credentials</h1>
<p class="lead">Prove who you are on ${frame.host} with a code from your terminal there. No password is needed.</p>
<form method="post" action="${frame.base}/sign-in" class="card">${formToken(frame, c)}
${codeField(problem)}
<div class="actions"><button>Sign in</button></div>
</form>
<p class="small quiet-text">Did a job submission send you here? Then open the link it printed; you need no code for that unless you are asked.</p>`,
  });
}
