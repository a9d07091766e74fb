/** A page as a browser has it after following redirects. */
export interface Page {
  /** Where it ended; the address that was not opened when `stopAt` said so. */
  readonly url: string;
  /** 0 when `stopAt` ended the journey. */
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A browser without screen and scripts: cookies, redirects, forms. */
export interface PlainBrowser {
  open(url: string, init?: RequestInit): Promise<Page>;
  /**
   * Sends the page's only form, or the one whose markup contains `form`, with these fields beside its hidden ones.
   * `button` is the `value` of the button that is pressed.
   */
  submit(page: Page, fields: Readonly<Record<string, string>>, press?: Press): Promise<Page>;
  readonly cookies: readonly Cookie[];
}

interface Press {
  readonly form?: string;
  readonly button?: string;
}

interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

const MAX_REDIRECTS = 20;

/** @param stopAt addresses that are not opened: the client's redirect URI, when the test finishes the login itself */
export function plainBrowser(
  send: typeof fetch,
  stopAt: (url: string) => boolean = () => false,
): PlainBrowser {
  let jar: Cookie[] = [];
  const open = async (address: string, init: RequestInit = {}): Promise<Page> => {
    let url = address;
    let request = init;
    for (let hops = 0; hops < MAX_REDIRECTS; hops++) {
      if (stopAt(url)) return { url, status: 0, headers: new Headers(), text: '' };
      const headers = new Headers(request.headers);
      const cookies = cookiesFor(jar, new URL(url));
      if (cookies !== '') headers.set('cookie', cookies);
      const response = await send(url, { ...request, headers, redirect: 'manual' });
      for (const line of response.headers.getSetCookie()) jar = keep(jar, line, new URL(url));
      const location = response.headers.get('location');
      if (location === null || response.status < 300 || response.status > 399) {
        return { url, status: response.status, headers: response.headers, text: await response.text() };
      }
      url = new URL(location, url).href;
      if (response.status !== 307 && response.status !== 308) request = {};
    }
    throw new Error(`more than ${MAX_REDIRECTS} redirects from ${new URL(address).origin}`);
  };
  const submit: PlainBrowser['submit'] = (page, fields, { form: marker = '', button } = {}) => {
    const form = [...page.text.matchAll(/<form\b[\s\S]*?<\/form>/gi)].find(([text]) =>
      text.includes(marker),
    )?.[0];
    if (form === undefined)
      throw new Error(`no form with ${JSON.stringify(marker)} at ${page.url}: ${page.text}`);
    const body = new URLSearchParams();
    for (const [tag] of form.matchAll(/<input\b[^>]*>/gi)) {
      const name = attribute(tag, 'name');
      if (name !== undefined && attribute(tag, 'type') === 'hidden')
        body.set(name, attribute(tag, 'value') ?? '');
    }
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    // A button may stand outside of its form.
    for (const [tag] of page.text.matchAll(/<button\b[^>]*>/gi)) {
      const name = attribute(tag, 'name');
      if (name !== undefined && attribute(tag, 'value') === button) body.set(name, button ?? '');
    }
    const open1 = /<form\b[^>]*>/i.exec(form)?.[0] ?? '';
    const target = new URL(attribute(open1, 'action') ?? page.url, page.url).href;
    if (attribute(open1, 'method')?.toLowerCase() !== 'post') return open(`${target}?${body}`);
    // Browsers say where a form came from.
    return open(target, {
      method: 'POST',
      body,
      headers: { origin: new URL(page.url).origin, referer: page.url },
    });
  };
  return {
    open,
    submit,
    get cookies() {
      return jar;
    },
  };
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}\\s*=\\s*"([^"]*)"`, 'i').exec(tag)?.[1];
  return value
    ?.replace(/&quot;/g, '"')
    .replace(/&#39;|&#x27;/gi, "'")
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
}

function cookiesFor(jar: readonly Cookie[], { hostname, pathname }: URL): string {
  return jar
    .filter(({ host, path }) => host === hostname && isBelow(pathname, path))
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ');
}

function isBelow(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}

function keep(jar: readonly Cookie[], line: string, url: URL): Cookie[] {
  const [pair = '', ...attributes] = line.split(';');
  const equals = pair.indexOf('=');
  const named = new Map(
    attributes.map((text) => {
      const [key = '', ...value] = text.trim().split('=');
      return [key.toLowerCase(), value.join('=')] as const;
    }),
  );
  const cookie: Cookie = {
    host: url.hostname,
    path: named.get('path') ?? '/',
    name: pair.slice(0, equals).trim(),
    value: pair.slice(equals + 1).trim(),
  };
  const others = jar.filter(
    ({ host, path, name }) => host !== cookie.host || path !== cookie.path || name !== cookie.name,
  );
  const expires = Date.parse(named.get('expires') ?? '');
  const isGone = named.get('max-age') === '0' || expires < Date.now();
  return isGone ? others : [...others, cookie];
}
