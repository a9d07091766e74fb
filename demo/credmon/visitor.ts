import { boundedFetch } from '../../src/kit/index.ts';
import { type Page, plainBrowser } from '../../test/support/plain-browser.ts';

const MOST_PAGES = 40;

/**
 * Visits the URL of a submit as a person would, over HTTP and without scripts: follows every login, says the same name
 * at the authorization server, consents, confirms. Ends when the page has no login left.
 *
 * @returns the last page
 * @throws Error when the pages lead nowhere
 */
export async function visit(url: string, user: string, ca: string): Promise<Page> {
  const browser = plainBrowser(boundedFetch({ ca, dangerouslyAllowHttp: true }));
  let page = await browser.open(url);
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    if (page.status !== 200)
      throw new Error(`HTTP ${page.status} at ${new URL(page.url).pathname}: ${page.text}`);
    const next = await step(browser, page, user);
    if (next === undefined) return page;
    page = next;
  }
  throw new Error(`no end after ${MOST_PAGES} pages`);
}

function step(browser: ReturnType<typeof plainBrowser>, page: Page, user: string): Promise<Page> | undefined {
  if (page.text.includes('name="user"')) return browser.submit(page, { user });
  if (page.text.includes('value="approve"')) return browser.submit(page, {}, { button: 'approve' });
  if (page.text.includes('value="store"'))
    return browser.submit(page, {}, { form: '/confirm/', button: 'store' });
  const login = /<a\b[^>]*href="([^"]*\/login\/[^"]*?)"/i.exec(page.text)?.[1];
  if (login !== undefined) return browser.open(new URL(login.replaceAll('&amp;', '&'), page.url).href);
  return undefined;
}
