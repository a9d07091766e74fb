import type { Hono } from 'hono';
import { LatchkeyError } from '../kit/index.ts';
import { respondFailure } from './failure-page.ts';
import { type Frame, isOperator, type WebContext, type WebEnvironment } from './frame.ts';
import type { LinkPicture } from './link-view.ts';
import { respondLinksPage } from './links-page.ts';
import { respondSignInPage } from './sign-in-routes.ts';

/** `/links`: one's own; for operators `?owner=*` everybody's. */
export function addLinksRoutes(app: Hono<WebEnvironment>, frame: Frame): void {
  app.get('/links', async (c) => {
    const { user } = c.var.browser;
    if (frame.deps.links === undefined) return respondFailure(frame, c, 'not-found');
    if (user === undefined && !isOperator(frame, c)) return respondSignInPage(frame, c);
    const ofAll = user === undefined || c.req.query('owner') === '*';
    if (ofAll && !isOperator(frame, c)) return respondFailure(frame, c, 'not-allowed');
    const picture = await frame.deps.links.picture(ofAll ? undefined : user);
    return respondLinksPage(frame, c, picture, { ofAll, isWatching: c.req.query('watch') === 'on' });
  });
}

/**
 * What the API answers at `/links`, with the rights of the page.
 *
 * @throws LatchkeyError `web/not-found`, `web/not-allowed`
 */
export async function listLinks(frame: Frame, c: WebContext): Promise<Pick<LinkPicture, 'programs'>> {
  const { links } = frame.deps;
  if (links === undefined) throw new LatchkeyError('web/not-found', 'links are not known here');
  const { user } = c.var.browser;
  const asked = c.req.query('owner') ?? user ?? '*';
  if (asked !== user && !isOperator(frame, c))
    throw new LatchkeyError('web/not-allowed', 'only operators see the links of others');
  const { programs } = await links.picture(asked === '*' ? undefined : asked);
  return { programs };
}
