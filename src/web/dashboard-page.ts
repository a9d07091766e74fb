import { html } from 'hono/html';
import { inOrderOfUrgency, stateInWords } from './credential-state.ts';
import type { CredentialView } from './dependencies.ts';
import type { Frame, WebContext } from './frame.ts';
import { formToken, type Html, respondPage } from './layout.ts';
import { asSentence } from './sentence.ts';
import { formatWhen, type Tone, timeLeft } from './time-left.ts';

/** Most credentials shown on one page; the API gives all. */
const MAX_SHOWN = 500;

/** A user's own credentials. @param notice what has just been done */
export function respondDashboard(
  frame: Frame,
  c: WebContext,
  views: readonly CredentialView[],
  notice?: string,
): Promise<Response> {
  const now = frame.deps.clock.now();
  const shown = inOrderOfUrgency(views, now).slice(0, MAX_SHOWN);
  return respondPage(frame, c, {
    title: 'Your credentials',
    isWide: true,
    current: 'credentials',
    content: html`<h1>Your credentials</h1>
<p class="lead">${summary(views, now)}</p>
${notice === undefined ? '' : html`<div class="note good" role="status"><p>${notice}</p></div>`}
${shown.map((view) => card(frame, c, view, now))}
${shown.length < views.length ? html`<p class="quiet-text">${views.length - shown.length} more are not shown here.</p>` : ''}`,
  });
}

function summary(views: readonly CredentialView[], now: Date): string {
  if (views.length === 0)
    return 'Nothing is kept for you at the moment. When a job asks for a credential, it appears here.';
  const bad = views.filter((view) => stateInWords(view, now).tone === 'bad').length;
  if (bad === 0)
    return views.every(({ canRenew }) => canRenew)
      ? 'Everything is kept up to date by itself; there is nothing to do.'
      : 'Nothing needs your attention. What is not renewed here ends at its time.';
  return bad === 1 ? 'One credential needs your attention.' : `${bad} credentials need your attention.`;
}

function card(frame: Frame, c: WebContext, view: CredentialView, now: Date): Html {
  const { tone, words } = stateInWords(view, now);
  const path = `${frame.base}/credentials/${view.id.split('/').map(encodeURIComponent).join('/')}`;
  return html`<section class="card credential" aria-label="${nameOf(view)}">
<div class="row"><div><h2>${nameOf(view)}</h2><p class="small quiet-text">${KINDS[view.kind] ?? view.kind}${view.mode === undefined ? '' : ` · ${MODES[view.mode] ?? view.mode}`}</p></div><span class="chip ${tone}">${words}</span></div>
<div class="left">${bar(view, now, tone)}</div>
${view.purpose === undefined ? '' : html`<p class="small"><span class="quiet-text">For</span> <code>${view.purpose}</code></p>`}
<dl class="facts small">
<dt>${view.lastRenewedAt === undefined && view.issuedAt !== undefined ? 'Issued' : 'Last renewed'}</dt><dd>${when(view.lastRenewedAt ?? view.issuedAt, now, 'never')}</dd>
<dt>${view.failures > 0 ? 'Next try' : 'Next renewal'}</dt><dd>${when(view.nextAt, now, view.canRenew ? 'not planned' : 'not renewed here')}</dd>
</dl>
${failure(view, now)}
${
  view.canRenew || view.canRevoke
    ? html`<div class="actions">${
        view.canLogIn && view.owner === c.var.browser.user
          ? html`<form method="post" action="${path}/login">${formToken(frame, c)}<button class="small" aria-label="Log in again for ${nameOf(view)}">Log in again</button></form>`
          : ''
      }${
        view.canRenew
          ? html`<form method="post" action="${path}/renew">${formToken(frame, c)}<button class="small${tone === 'good' || view.canLogIn ? ' quiet' : ''}" aria-label="Renew ${nameOf(view)} now">Renew now</button></form>`
          : ''
      }${
        view.canRevoke
          ? html`<a class="button danger small" href="${path}/revoke" aria-label="Revoke ${nameOf(view)}">Revoke …</a>`
          : ''
      }</div>`
    : ''
}
</section>`;
}

function failure({ lastError, failures }: CredentialView, now: Date): Html | '' {
  if (lastError === undefined) return '';
  return html`<div class="note warn"><p><strong>What went wrong, ${formatWhen(lastError.at, now).replace(/^now$/, 'just now')}${failures > 1 ? ` (${failures} times in a row)` : ''}</strong>${asSentence(lastError.message)}</p>${
    lastError.hint === undefined ? '' : html`<p><strong>What to do</strong>${asSentence(lastError.hint)}</p>`
  }</div>`;
}

/** The remaining time as text, and as a bar in the colour of what is worse: the time or the state. */
export function bar(
  view: Pick<CredentialView, 'issuedAt' | 'expiresAt'>,
  now: Date,
  stateTone: Tone = 'good',
): Html {
  const { percent, tone: timeTone, text } = timeLeft(view, now);
  const tone = stateTone === 'good' ? timeTone : stateTone;
  return html`<span>${text}</span>${
    percent === undefined
      ? ''
      : html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="${tone}" width="${percent}" height="4"/></svg>`
  }`;
}

/** A moment relative to now, the exact one in its `datetime` and title. */
export function when(time: Date | undefined, now: Date, otherwise: string): Html | string {
  if (time === undefined) return otherwise;
  const exact = time.toISOString();
  return html`<time datetime="${exact}" title="${exact}">${formatWhen(time, now)}</time>`;
}

/** The name of a credential without its owner. */
export function nameOf({ id, owner }: CredentialView): string {
  return id.startsWith(`${owner}/`) ? id.slice(owner.length + 1) : id;
}

const KINDS: Readonly<Record<string, string>> = { token: 'Token', 'x509-proxy': 'X.509 proxy' };

const MODES: Readonly<Record<string, string>> = {
  local: 'signed on this host',
  oauth: 'from your login',
  client: 'from the service’s own account',
  vault: 'from Vault',
  pelican: 'by token exchange',
  myproxy: 'in the MyProxy store',
};
