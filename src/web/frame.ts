import type { Context } from 'hono';
import type { Browser, Browsers } from './browser-session.ts';
import type { Peer, WebDependencies } from './dependencies.ts';
import type { LoginMemory, UnconfirmedLogin } from './login-memory.ts';

/** What hono carries through one request. */
export interface WebEnvironment {
  Bindings: { readonly peer: Peer };
  Variables: { browser: Browser };
}

/** One request, as handlers see it. */
export type WebContext = Context<WebEnvironment>;

/** What all handlers share. */
export interface Frame {
  readonly deps: WebDependencies;
  readonly browsers: Browsers;
  readonly memory: LoginMemory;
  /** Path of {@link WebDependencies.prefix}: empty, or `/htcondor`. */
  readonly base: string;
  /** Name of this host in titles. */
  readonly host: string;
  /** Revokes what was granted and is not stored; never throws. */
  discard(login: UnconfirmedLogin): Promise<void>;
  /** Gives the browser another cookie. */
  setCookie(c: WebContext, value: string | undefined): void;
  /** Tries a sign-in code within the limits; `blocked` = too many wrong ones. */
  redeem(c: WebContext, code: string): Promise<{ readonly user: string } | 'wrong' | 'blocked'>;
}

/** True for those whom the configuration names as operators, and on the operator's own socket. */
export function isOperator({ deps }: Frame, c: WebContext): boolean {
  const { user } = c.var.browser;
  return c.env.peer.isOperator === true || (user !== undefined && deps.operators.includes(user));
}
