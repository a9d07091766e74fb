import { printable } from '../kit/index.ts';

/** Parameters whose values are secrets, in requests to token endpoints. */
const SECRET_PARAMETERS = [
  'client_secret',
  'client_assertion',
  'refresh_token',
  'code',
  'code_verifier',
  'device_code',
  'subject_token',
  'actor_token',
  'token',
];

/** Every secret that a request carries, so that it can be taken out of what a server says back. */
export function secretsOf(body: unknown, headers: unknown): string[] {
  const secrets: string[] = [];
  if (body instanceof URLSearchParams) {
    for (const name of SECRET_PARAMETERS) secrets.push(...body.getAll(name));
  }
  const { authorization } = (headers ?? {}) as { authorization?: string };
  const basic = /^Basic (.+)$/i.exec(authorization ?? '')?.[1];
  if (basic !== undefined) {
    const decoded = Buffer.from(basic, 'base64').toString();
    const password = decoded.slice(decoded.indexOf(':') + 1);
    secrets.push(basic, password);
    try {
      secrets.push(decodeURIComponent(password.replaceAll('+', ' ')));
    } catch {}
  }
  return secrets.filter((secret) => secret !== '').flatMap(spellings);
}

/** As it is, in a URL, and in a form: servers say back what they read, or what they were sent. */
function spellings(secret: string): string[] {
  const inForm = new URLSearchParams({ '': secret }).toString().slice(1);
  return [...new Set([secret, encodeURIComponent(secret), inForm])];
}

/** Words of at least this length, with a digit in them, may be tokens. */
const TOKEN_LIKE = /(?=[\w.~+/=-]*\d)[\w.~+/=-]{32,}/g;

/**
 * What a server said, as it may be shown and logged: without the request's secrets and whatever looks like a token, control
 * characters as `?`, at most 200 characters.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let shown = text;
  for (const secret of secrets) shown = shown.replaceAll(secret, '[secret]');
  shown = printable(shown.replace(TOKEN_LIKE, '[…]'));
  return shown.length > 200 ? `${shown.slice(0, 200)}…` : shown;
}
