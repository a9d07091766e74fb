import { html } from 'hono/html';
import { codeField } from './code-field.ts';
import type { Frame, WebContext } from './frame.ts';
import { requestFacts } from './key-page.ts';
import { formToken, respondPage } from './layout.ts';
import type { UnconfirmedLogin } from './login-memory.ts';
import { requestName } from './request-name.ts';

/** The last look before anything is stored: which account, for which local user. */
export function respondConfirmPage(
  frame: Frame,
  c: WebContext,
  id: string,
  { request, tokens }: UnconfirmedLogin,
  { needsCode, isFirst, problem }: { needsCode: boolean; isFirst: boolean; problem?: string | undefined },
): Promise<Response> {
  const user = request.localUser;
  const { subject } = tokens;
  const account = subject?.name ?? subject?.subject;
  const title = `Use this login for ${user}?`;
  return respondPage(frame, c, {
    title,
    status: problem === undefined ? 200 : 403,
    content: html`<h1>${title}</h1>
<p class="lead">${
      account === undefined
        ? html`The provider does not tell which account you used. If you go on, jobs of the local user <strong>${user}</strong> will act with it.`
        : html`You logged in as <strong>${account}</strong>. If you go on, jobs of the local user <strong>${user}</strong> will act as that account.`
    }</p>
<section class="card" aria-label="What will be stored">
<dl class="facts">
<dt>Local user</dt><dd><strong>${user}</strong> on ${frame.host}</dd>
<dt>Provider</dt><dd>${requestName(request)}</dd>
${
  subject === undefined
    ? ''
    : html`<dt>Account</dt><dd>${subject.name === undefined ? '' : html`<strong>${subject.name}</strong><br>`}<code>${subject.subject}</code></dd><dt>Known at</dt><dd><code>${subject.issuer}</code></dd>`
}
</dl>
${requestFacts(request)}
${
  isFirst && subject !== undefined
    ? html`<div class="note warn"><p><strong>First login of ${user} at this provider</strong>The account is remembered: later logins of ${user} must use the same one.</p></div>`
    : ''
}
</section>
<form method="post" action="${frame.base}/confirm/${id}"${needsCode ? html` class="card"` : ''}>${formToken(frame, c)}
${needsCode ? codeField(problem) : ''}
<div class="actions"><button name="decision" value="store">Yes, store it for ${user}</button><button class="quiet" name="decision" value="cancel" formnovalidate>No, forget it</button></div>
</form>
<p class="small quiet-text">If you are not ${user}, choose “No”: otherwise that user’s jobs could act as you.</p>`,
  });
}
