import type { Frame, WebContext } from './frame.ts';

/**
 * The fields of a form that a page of ours sent from this browser; `undefined` = it was not.
 * Asked twice: the token in the form, and the origin that browsers themselves tell.
 */
export async function formOf(frame: Frame, c: WebContext): Promise<ReadonlyMap<string, string> | undefined> {
  if (!isSameOrigin(frame, c)) return undefined;
  if (!/^application\/x-www-form-urlencoded\b/i.test(c.req.header('content-type') ?? '')) return undefined;
  const fields = new Map(new URLSearchParams(await c.req.text()));
  const token = fields.get('form_token') ?? '';
  return frame.browsers.checkFormToken(c.var.browser, token) ? fields : undefined;
}

/** Fetch metadata when the browser sends it (all current ones do on https), else `Origin`. */
export function isSameOrigin({ deps }: Frame, c: WebContext): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = c.req.header('origin');
  return origin === undefined || origin === new URL(deps.prefix).origin;
}
