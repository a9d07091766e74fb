import { html } from 'hono/html';
import type { LoginRequest } from '../credmon/index.ts';
import type { Frame, WebContext } from './frame.ts';
import { type Html, mark, respondPage } from './layout.ts';
import { requestName } from './request-name.ts';
import { scopesInWords } from './scope-words.ts';

/** One login of a key's page. */
export interface Asked {
  readonly request: LoginRequest;
  readonly isDone: boolean;
  readonly offersDevice: boolean;
}

/** What a submission asks for: a card a login. */
export function respondKeyPage(
  frame: Frame,
  c: WebContext,
  key: string,
  asked: readonly Asked[],
): Promise<Response> {
  const users = [...new Set(asked.map(({ request }) => request.localUser))].join(', ');
  const open = asked.filter(({ isDone }) => !isDone).length;
  const title = open === 1 ? 'One login is needed' : `${open} logins are needed`;
  return respondPage(frame, c, {
    title,
    content: html`<h1>${title}</h1>
<p class="lead">A job of <strong>${users}</strong> on ${frame.host} wants to use the services below in that user’s name. Log in to each of them, then submit the job again.</p>
${asked.map((each) => card(frame, key, each))}
<p class="small quiet-text">Is <strong>${users}</strong> not you, or have you not submitted a job just now? Then close this page.</p>`,
  });
}

/** Everything is done: what to do in the terminal. */
export function respondDonePage(
  frame: Frame,
  c: WebContext,
  requests: readonly LoginRequest[],
): Promise<Response> {
  return respondPage(frame, c, {
    title: 'You may submit again',
    content: html`${mark('good')}<h1>All done. Submit your job again</h1>
<p class="lead">Repeat the same command in your terminal; this time the job is accepted. From now on everything is renewed by itself as long as you have jobs.</p>
<section class="card" aria-label="Stored logins"><ul class="plain stack">${requests.map(
      (request) =>
        html`<li class="row"><strong>${requestName(request)}</strong><span class="chip good">Stored for ${request.localUser}</span></li>`,
    )}</ul></section>
<p class="small quiet-text">You can close this page.</p>`,
  });
}

function card({ base }: Frame, key: string, { request, isDone, offersDevice }: Asked): Html {
  const name = requestName(request);
  const path = `${base}/key/${key}/login/${encodeURIComponent(name)}`;
  return html`<section class="card" aria-label="${name}">
<div class="row"><h2>${request.provider}${request.handle === '' ? '' : html` <span class="quiet-text">· ${request.handle}</span>`}</h2>${
    isDone ? html`<span class="chip good">Done</span>` : html`<span class="chip">Login needed</span>`
  }</div>
${requestFacts(request)}
${
  isDone
    ? ''
    : html`<div class="actions"><a class="button" href="${path}" rel="nofollow" aria-label="Log in to ${name}">Log in to ${request.provider}</a>${
        offersDevice
          ? html`<a class="button quiet" href="${path}/device" rel="nofollow" aria-label="Use another device for ${name}">Use another device</a>`
          : ''
      }</div>`
}
</section>`;
}

/** Scopes in plain words and audience of a request. */
export function requestFacts({ scopes, audience }: LoginRequest): Html {
  const inWords = scopesInWords(scopes);
  return html`<dl class="facts">
<dt>Allows to</dt><dd>${
    inWords.length === 0
      ? 'use what the provider grants by default'
      : html`<ul class="ticks">${inWords.map(({ scope, words }) =>
          words === undefined
            ? html`<li><code>${scope}</code></li>`
            : html`<li>${words} <code class="quiet-text small">${scope}</code></li>`,
        )}</ul>`
  }</dd>
${audience === '' ? '' : html`<dt>Only at</dt><dd><code>${audience}</code></dd>`}
</dl>`;
}
