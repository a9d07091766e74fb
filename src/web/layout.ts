import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type Frame, isOperator, type WebContext } from './frame.ts';

/** Markup that is safe to put into a page. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** One page. */
export interface Page {
  readonly title: string;
  readonly content: Html;
  /** For lists and tables; default a narrow column. */
  readonly isWide?: boolean;
  readonly status?: ContentfulStatusCode;
  /** Entry of the navigation that this page is. */
  readonly current?: 'credentials' | 'links' | 'operator';
  /** Seconds after which the browser looks again. */
  readonly refreshSeconds?: number;
}

/** A page in its frame: header, navigation, landmarks, footer. */
export async function respondPage(frame: Frame, c: WebContext, page: Page): Promise<Response> {
  const { base, host } = frame;
  const { user } = c.var.browser;
  const entry = (name: NonNullable<Page['current']>, path: string, label: string): Html =>
    html`<a href="${base}${path}"${page.current === name ? html` aria-current="page"` : ''}>${label}</a>`;
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
${page.refreshSeconds === undefined ? '' : html`<meta http-equiv="refresh" content="${page.refreshSeconds}">`}
<title>${page.title} · Latchkey on ${host}</title>
<link rel="icon" href="${base}/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${base}/assets/style.css">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top"><div class="inner">
<a class="brand" href="${base}/">${KEY_MARK}<span>Latchkey</span></a>
${
  user === undefined
    ? ''
    : html`<nav aria-label="Main">${entry('credentials', '/', 'Credentials')}${
        frame.deps.links === undefined ? '' : entry('links', '/links', 'Links')
      }${isOperator(frame, c) ? entry('operator', '/operator', 'Operator') : ''}</nav>
<div class="who"><span>Signed in as <strong>${user}</strong></span>
<form method="post" action="${base}/sign-out">${formToken(frame, c)}<button class="quiet small">Sign out</button></form></div>`
}
</div></header>
<main id="content" tabindex="-1"><div class="inner${page.isWide === true ? '' : ' narrow'}">
${page.content}
</div></main>
<footer><div class="inner"><span>Credentials for jobs submitted on ${host}</span></div></footer>
</body>
</html>`;
  return c.html((await document).replaceAll(TURNING_MARKS, '?'), page.status ?? 200);
}

/** Marks that turn the direction of writing: a name could be shown as another. Pages of ours have none. */
const TURNING_MARKS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The hidden field that every form carries. */
export function formToken({ browsers }: Frame, c: WebContext): Html {
  return html`<input type="hidden" name="form_token" value="${browsers.formToken(c.var.browser)}">`;
}

const KEY_MARK = html`<svg width="26" height="26" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="8" cy="12" r="4.5"/><path d="M12.5 12H22M18.5 12v3.5M22 12v2.5"/></svg>`;

/** The mark alone, for the browser's tab. */
export const ICON: string = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="5" fill="#0b5f59"/><g fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><circle cx="8.5" cy="12" r="3.6"/><path d="M12.1 12H20M17.2 12v3M20 12v2"/></g></svg>`;

/** A large sign at the top of a page that says how something went; the text beside it says the same. */
export function mark(tone: 'good' | 'warn' | 'bad'): Html {
  return html`<div class="mark ${tone}" aria-hidden="true"><svg width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"><path d="${MARKS[tone]}"/></svg></div>`;
}

const MARKS = {
  good: 'M5 12.5l4.5 4.5L19 7.5',
  warn: 'M12 6v7M12 17.5v.1',
  bad: 'M7 7l10 10M17 7L7 17',
} as const;
