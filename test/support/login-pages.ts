import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';

const ROUTE = /^\/interaction\/[\w-]+$/;

/** True for the pages that {@link serveInteraction} answers. */
export function isInteraction(path: string): boolean {
  return ROUTE.test(path);
}

/** Login and consent of the test server: a field for the name, and buttons to approve and refuse. */
export async function serveInteraction(
  provider: Provider,
  grants: Map<string, string[]>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const details = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    const body = details.prompt.name === 'login' ? loginForm() : consentForm(details.params);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(page(details.prompt.name === 'login' ? 'Log in' : 'Consent', body));
    return;
  }
  const form = new URLSearchParams(await readText(request));
  if (details.prompt.name === 'login') {
    const accountId = form.get('user') ?? '';
    await provider.interactionFinished(request, response, { login: { accountId } });
    return;
  }
  if (form.get('decision') !== 'approve') {
    const refused = { error: 'access_denied', error_description: 'the user refused' };
    await provider.interactionFinished(request, response, refused, { mergeWithLastSubmission: false });
    return;
  }
  const accountId = details.session?.accountId ?? '';
  const known = details.grantId === undefined ? undefined : await provider.Grant.find(details.grantId);
  const grant = known ?? new provider.Grant({ accountId, clientId: details.params.client_id ?? '' });
  const { missingOIDCScope, missingResourceScopes } = details.prompt.details;
  if (missingOIDCScope !== undefined) grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  const grantId = await grant.save();
  grants.set(accountId, [...(grants.get(accountId) ?? []), grantId]);
  await provider.interactionFinished(request, response, { consent: { grantId } });
}

/** A page of the test server. */
export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.5 system-ui;max-width:24rem;margin:3rem auto;padding:0 1rem}
input,button{font:inherit;padding:.4rem .8rem;margin:.2rem 0}</style>
</head><body><main><h1>${title}</h1>${body}</main></body></html>`;
}

function loginForm(): string {
  return `<p>Test authorization server: any name will do.</p>
<form method="post"><label>User <input type="text" name="user" required autofocus></label>
<button type="submit" name="decision" value="login">Log in</button></form>`;
}

function consentForm(params: Readonly<Record<string, string>>): string {
  return `<p>${escapeHtml(params.client_id ?? '')} asks for: <code>${escapeHtml(params.scope ?? 'nothing')}</code></p>
<form method="post"><button type="submit" name="decision" value="approve">Approve</button>
<button type="submit" name="decision" value="refuse">Refuse</button></form>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
