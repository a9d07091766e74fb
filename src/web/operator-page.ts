import { html } from 'hono/html';
import { stateInWords } from './credential-state.ts';
import { bar, when } from './dashboard-page.ts';
import type { UnservedRequest } from './dependencies.ts';
import type { Frame, WebContext } from './frame.ts';
import { type Html, respondPage } from './layout.ts';
import type { OperatorSummary, ProviderSummary } from './operator-summary.ts';
import { asSentence } from './sentence.ts';

/** Most requests without a provider on the page; the API gives more. */
const MAX_UNSERVED = 100;

/** Providers, failures by cause and what ends next, over all users. */
export function respondOperatorPage(
  frame: Frame,
  c: WebContext,
  summary: OperatorSummary,
  unserved: readonly UnservedRequest[],
  ready: { readonly ok: boolean; readonly checks: Readonly<Record<string, string>> },
): Promise<Response> {
  const now = frame.deps.clock.now();
  return respondPage(frame, c, {
    title: 'Operator',
    isWide: true,
    current: 'operator',
    content: html`<div class="row"><h1>All credentials on ${frame.host}</h1><span class="chip ${ready.ok ? 'good' : 'bad'}">${ready.ok ? 'Ready' : 'Not ready'}</span></div>
${
  ready.ok
    ? ''
    : html`<div class="note bad"><p><strong>What is missing</strong></p><dl class="facts small">${Object.entries(
        ready.checks,
      ).map(([name, said]) => html`<dt>${name}</dt><dd>${said}</dd>`)}</dl></div>`
}
<div class="tiles">
${tile(summary.users, summary.users === 1 ? 'user' : 'users')}${tile(summary.credentials, 'credentials')}${tile(summary.working, 'working')}
${tile(summary.failing, 'failing', 'bad')}${tile(summary.endingSoon, 'failing and ending within an hour', 'warn')}
${unserved.length === 0 ? '' : tile(unserved.length, 'not served', 'warn')}
</div>
<section class="card plain scroll"><table class="fold"><caption>Providers</caption>
<thead><tr><th scope="col">Provider</th><th scope="col">Kept</th><th scope="col" class="number">Credentials</th><th scope="col" class="number">Failing</th><th scope="col">First end</th><th scope="col">Requests to it</th></tr></thead>
<tbody>${summary.providers.map(
      (provider) =>
        html`<tr><th scope="row">${provider.provider}${
          provider.authority === undefined || provider.authority === 'local'
            ? ''
            : html`<br><code class="small quiet-text">${provider.authority}</code>`
        }</th><td data-label="Kept:">${provider.mode ?? '–'}</td><td class="number" data-label="Credentials:">${provider.credentials}</td><td class="number" data-label="Failing:">${provider.failing}</td><td data-label="First end:">${when(provider.firstEnd, now, '–')}</td><td data-label="Requests:">${breaker(provider)}</td></tr>`,
    )}</tbody></table>
${summary.providers.length === 0 ? html`<p class="empty">No credentials are kept yet.</p>` : ''}</section>
<section class="card plain scroll"><table class="fold"><caption>Failures by cause</caption>
<thead><tr><th scope="col">Cause</th><th scope="col" class="number">Credentials</th><th scope="col" class="number">Users</th><th scope="col">Last</th><th scope="col">In words</th></tr></thead>
<tbody>${summary.failures.map(
      ({ code, credentials, users, lastAt, message, hint }) =>
        html`<tr><th scope="row"><code>${code}</code></th><td class="number" data-label="Credentials:">${credentials}</td><td class="number" data-label="Users:">${users}</td><td data-label="Last:">${when(lastAt, now, '–')}</td><td data-label="">${asSentence(message)}${hint === undefined ? '' : html`<br><span class="quiet-text small">${asSentence(hint)}</span>`}</td></tr>`,
    )}</tbody></table>
${summary.failures.length === 0 ? html`<p class="empty">Nothing is failing.</p>` : ''}</section>
${unserved.length === 0 ? '' : unservedTable(unserved)}
<section class="card plain scroll"><table class="fold"><caption>Next to end</caption>
<thead><tr><th scope="col">Credential</th><th scope="col">Time left</th><th scope="col">Next renewal</th></tr></thead>
<tbody>${summary.upcoming.map(
      (view) =>
        html`<tr><th scope="row">${view.id}</th><td data-label="">${bar(view, now, stateInWords(view, now).tone)}</td><td data-label="Next renewal:">${when(view.nextAt, now, 'not planned')}</td></tr>`,
    )}</tbody></table>
${summary.upcoming.length === 0 ? html`<p class="empty">Nothing has an end that is known.</p>` : ''}</section>`,
  });
}

/** Requests that users have made and nobody will answer as things are. */
function unservedTable(unserved: readonly UnservedRequest[]): Html {
  const more = unserved.length - MAX_UNSERVED;
  return html`<section class="card plain scroll"><table class="fold"><caption>Requests that no provider serves</caption>
<thead><tr><th scope="col">Request</th><th scope="col">Why</th></tr></thead>
<tbody>${unserved
    .slice(0, MAX_UNSERVED)
    .map(
      ({ id, message }) =>
        html`<tr><th scope="row">${id}</th><td data-label="">${asSentence(message)}</td></tr>`,
    )}</tbody></table>
${more > 0 ? html`<p class="empty">${more} more are not shown here.</p>` : ''}</section>`;
}

function tile(count: number, label: string, tone?: 'bad' | 'warn'): Html {
  return html`<div class="tile ${count > 0 ? (tone ?? '') : ''}"><b>${count}</b><span>${label}</span></div>`;
}

function breaker({ breaker: state, authority }: ProviderSummary): Html | string {
  if (authority === undefined || authority === 'local') return 'none needed';
  if (state === 'closed') return 'normal';
  return state === 'open'
    ? html`<span class="chip bad">Paused</span>`
    : html`<span class="chip warn">One at a time</span>`;
}
