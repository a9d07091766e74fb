import type { Page, PlainBrowser } from '../support/plain-browser.ts';
import type { WebWorld } from './web-world.ts';

/** Follows the login link of a key's page through the provider's pages, to our confirmation or failure page. */
export async function logIn(
  { prefix }: Pick<WebWorld, 'prefix'>,
  browser: PlainBrowser,
  key: string,
  name: string,
  { user = 'alice@idp', consent = true }: { user?: string; consent?: boolean } = {},
): Promise<Page> {
  let page = await browser.open(`${prefix}/key/${key}/login/${encodeURIComponent(name)}`);
  while (!page.url.startsWith(prefix)) {
    page = page.text.includes('name="user"')
      ? await browser.submit(page, { user })
      : await browser.submit(page, {}, { button: consent ? 'approve' : 'refuse' });
  }
  return page;
}
