import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, LruCache, type Secret } from '../kit/index.ts';

const MAX_SESSIONS = 10_000;
const SESSION_MS = 8 * 3_600_000;
/** How long a browser's own mark is taken back; longer than a request file lives. */
const BROWSER_MS = 24 * 3_600_000;

/** One browser (or API client), and who has proved to sit before it. */
export interface Browser {
  /** Random; known to this browser only. */
  readonly id: string;
  readonly user: string | undefined;
}

/** Knows browsers by a signed cookie, and remembers who signed in. */
export interface Browsers {
  /** The browser that sent this cookie value; `undefined` = none of ours, or too old. */
  recognize(value: string | undefined): Browser | undefined;
  /** A browser not seen before, with the value to set as its cookie. */
  welcome(): { readonly browser: Browser; readonly value: string };
  /** Signs somebody in under a new id, so that nobody can prepare one for them. */
  signIn(user: string): { readonly browser: Browser; readonly value: string; readonly endsAt: Date };
  signOut(browser: Browser): void;
  /** What every form of this browser carries. */
  formToken(browser: Browser): string;
  checkFormToken(browser: Browser, token: string): boolean;
}

/** @param key signs what browsers hold; the same key after a restart knows them again, but nobody stays signed in */
export function createBrowsers(key: Secret, clock: Clock): Browsers {
  const sessions = new LruCache<string, string>(MAX_SESSIONS, SESSION_MS, clock);
  const mac = (purpose: string, text: string): string =>
    createHmac('sha256', key.reveal()).update(`${purpose}\0${text}`).digest('base64url');
  const issue = (): { id: string; value: string } => {
    const id = randomBytes(18).toString('base64url');
    const body = `${id}.${clock.now().getTime().toString(36)}`;
    return { id, value: `${body}.${mac('browser', body)}` };
  };
  return {
    recognize(value) {
      const [, id = '', time = '', signature = ''] =
        /^([\w-]{24})\.([0-9a-z]{1,12})\.([\w-]{43})$/.exec(value ?? '') ?? [];
      if (id === '' || !isEqual(signature, mac('browser', `${id}.${time}`))) return undefined;
      const age = clock.now().getTime() - Number.parseInt(time, 36);
      if (age > BROWSER_MS) return undefined;
      return { id, user: sessions.get(id) };
    },
    welcome() {
      const { id, value } = issue();
      return { browser: { id, user: undefined }, value };
    },
    signIn(user) {
      const { id, value } = issue();
      sessions.set(id, user);
      return { browser: { id, user }, value, endsAt: new Date(clock.now().getTime() + SESSION_MS) };
    },
    signOut: ({ id }) => sessions.delete(id),
    formToken: ({ id }) => mac('form', id),
    checkFormToken: ({ id }, token) => isEqual(token, mac('form', id)),
  };
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
