import { html } from 'hono/html';
import type { Frame, WebContext } from './frame.ts';
import { requestFacts } from './key-page.ts';
import { respondPage } from './layout.ts';
import type { DeviceWait } from './login-memory.ts';
import { formatSpan } from './time-left.ts';

const LOOK_AGAIN_SECONDS = 5;

/** The code to type elsewhere; looks again by itself until the provider has answered. */
export function respondDevicePage(
  frame: Frame,
  c: WebContext,
  id: string,
  { request, device }: DeviceWait,
): Promise<Response> {
  const left = device.expiresAt.getTime() - frame.deps.clock.now().getTime();
  return respondPage(frame, c, {
    title: 'Approve on another device',
    refreshSeconds: LOOK_AGAIN_SECONDS,
    content: html`<h1>Approve on another device</h1>
<p class="lead">Open the address on a phone or computer, log in to ${request.provider} and enter the code. This page goes on by itself.</p>
<section class="card" aria-label="Code">
<dl class="facts"><dt>Address</dt><dd><a href="${device.verificationUrl}" rel="noreferrer">${device.verificationUrl}</a></dd>
<dt>Code</dt><dd><span class="code">${device.userCode}</span></dd>
<dt>For</dt><dd>local user <strong>${request.localUser}</strong> on ${frame.host}</dd></dl>
${requestFacts(request)}
<p class="small quiet-text" role="status">Waiting for your approval; ${formatSpan(Math.max(0, left))} left.</p>
</section>
<div class="actions"><a class="button quiet" href="${frame.base}/device/${id}">Look now</a></div>`,
  });
}
