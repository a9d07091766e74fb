import { html } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { isLatchkeyError, printable } from '../kit/index.ts';
import type { Frame, WebContext } from './frame.ts';
import { type Html, mark, respondPage } from './layout.ts';
import { asSentence } from './sentence.ts';

/** What can go wrong for somebody before a browser. */
export type FailureKind =
  | 'consent-refused'
  | 'expired-key'
  | 'broken-key'
  | 'expired-login'
  | 'other-browser'
  | 'wrong-user'
  | 'wrong-account'
  | 'unnamed-account'
  | 'storage'
  | 'provider'
  | 'unknown-provider'
  | 'stale-form'
  | 'too-many'
  | 'not-allowed'
  | 'not-found'
  | 'unexpected';

interface FailureText {
  readonly status: ContentfulStatusCode;
  readonly tone: 'warn' | 'bad';
  readonly title: string;
  /** What happened. */
  readonly what: string;
  /** What to do. */
  readonly remedy: string;
}

const AGAIN = 'Nothing was stored.';

/** Every failure page. `docs/web.md` lists them. */
export const FAILURES: Readonly<Record<FailureKind, FailureText>> = {
  'consent-refused': {
    status: 403,
    tone: 'warn',
    title: 'Access was not granted',
    what: `The provider says that you did not agree, or may not. ${AGAIN}`,
    remedy: 'If that was a mistake, log in again and agree to what is asked. Your job waits for it.',
  },
  'expired-key': {
    status: 404,
    tone: 'warn',
    title: 'This link is not valid any more',
    what: 'A link from a job submission works for 12 hours, and until everything it asks for is done.',
    remedy: 'Submit your job again: either it is accepted now, or you are given a new link.',
  },
  'broken-key': {
    status: 500,
    tone: 'bad',
    title: 'This request cannot be read',
    what: 'The file that your submission left on the access point is not as it should be.',
    remedy: 'Submit your job again. If this comes back, tell the administrators of the access point.',
  },
  'expired-login': {
    status: 400,
    tone: 'warn',
    title: 'This login has expired',
    what: `A login must be finished within 15 minutes, and each can be used once. ${AGAIN}`,
    remedy: 'Open the link of your submission again and start the login anew.',
  },
  'other-browser': {
    status: 400,
    tone: 'warn',
    title: 'This login was begun in another browser',
    what: `It can only be finished where it was begun; cookies may be blocked. ${AGAIN}`,
    remedy: 'Open the link of your submission here, with cookies allowed, and log in.',
  },
  'wrong-user': {
    status: 403,
    tone: 'bad',
    title: 'This request is for somebody else',
    what: `You are known here as another local user than the one who submitted the job. ${AGAIN}`,
    remedy: 'Log in only through links of your own submissions. Sign out first if the account is yours too.',
  },
  'wrong-account': {
    status: 403,
    tone: 'bad',
    title: 'Another account belongs to this user',
    what: `You logged in with a different account than the one this local user has always used. ${AGAIN}`,
    remedy:
      'Log out at the provider and log in with the usual account. If the account has changed, an administrator can forget the old one with: latchkey web forget-account',
  },
  'unnamed-account': {
    status: 403,
    tone: 'bad',
    title: 'The provider did not say who you are',
    what: `This local user is bound to one account at the provider, and this login cannot be compared with it. ${AGAIN}`,
    remedy: 'Ask the administrators of the access point: the provider must issue ID tokens (scope openid).',
  },
  storage: {
    status: 500,
    tone: 'bad',
    title: 'Your login could not be saved',
    what: 'You are logged in at the provider, but writing the credential on the access point failed.',
    remedy:
      'Try to save it again in a moment. If it goes on failing, tell the administrators of the access point.',
  },
  provider: {
    status: 502,
    tone: 'bad',
    title: 'The provider could not complete the login',
    what: `Its answer was an error, or there was none. ${AGAIN}`,
    remedy: 'Try again in a few minutes. If it goes on failing, tell the administrators of the access point.',
  },
  'unknown-provider': {
    status: 404,
    tone: 'warn',
    title: 'No login is asked for here',
    what: 'None of the submissions opened in this browser asks for this provider.',
    remedy: 'Open the link that your job submission printed; it leads to the right login.',
  },
  'stale-form': {
    status: 403,
    tone: 'warn',
    title: 'Please try that once more',
    what: 'This form was not sent from a page of this site that your browser opened a short while ago. Nothing was done.',
    remedy: 'Go back, load the page again and repeat. Cookies must be allowed for this site.',
  },
  'too-many': {
    status: 429,
    tone: 'warn',
    title: 'Too many wrong codes',
    what: 'To keep guessing hopeless, no codes are taken for a while.',
    remedy: 'Wait five minutes, then make a new code with: latchkey web code',
  },
  'not-allowed': {
    status: 403,
    tone: 'warn',
    title: 'This page is for operators',
    what: 'You are signed in, but not as one of the operators that the configuration names.',
    remedy: 'Your own credentials are on the first page.',
  },
  'not-found': {
    status: 404,
    tone: 'warn',
    title: 'There is nothing here',
    what: 'The address is not one of this site.',
    remedy: 'To log in for a job, open the link that your submission printed.',
  },
  unexpected: {
    status: 500,
    tone: 'bad',
    title: 'Something went wrong here',
    what: 'That is our fault, and it has been written to the log.',
    remedy: 'Try again in a moment. If it goes on, tell the administrators of the access point.',
  },
};

/** What a failure page says besides its table entry. */
export interface FailureDetails {
  /** Our own or the provider's words; shown escaped, in one line, cut. */
  readonly detail?: string | undefined;
  /** Buttons and links. */
  readonly actions?: Html | undefined;
}

/** A page that says what went wrong, in plain words, and what to do. */
export function respondFailure(
  frame: Frame,
  c: WebContext,
  kind: FailureKind,
  { detail, actions }: FailureDetails = {},
): Promise<Response> {
  const { status, tone, title, what, remedy } = FAILURES[kind];
  return respondPage(frame, c, {
    title,
    status,
    content: html`${mark(tone)}<h1>${title}</h1>
<p class="lead">${what}</p>
<div class="note"><p><strong>What to do</strong>${remedy}</p></div>
${detail === undefined ? '' : html`<div class="note ${tone}"><p><strong>What exactly happened</strong>${asSentence(oneLine(detail))}</p></div>`}
${actions === undefined ? '' : html`<div class="actions">${actions}</div>`}`,
  });
}

/** The words of an error as strangers may read them: ours and their hint, never an inner cause. */
export function wordsOf(error: unknown): string | undefined {
  if (!isLatchkeyError(error)) return undefined;
  return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
}

function oneLine(text: string): string {
  return printable(text).slice(0, 500);
}
